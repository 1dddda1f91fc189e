"""Loading tiny checkpoints of See-through from files, and names and shapes of the published ones. No network."""

import functools
import gzip
import json
import math
import shutil

import pytest
import toy_see_through
from recorded import CLOSE, DATA, Recorded

from animelayers.errors import ModelError
from animelayers.models import memory
from animelayers.models.memory import GB

pytestmark = pytest.mark.usefixtures("diffusion")

SIDE = 8
"""Of the latents of a tiny page."""


@pytest.fixture(scope="module")
def cpu(diffusion, torch):
    return torch.device("cpu")


@pytest.fixture(scope="module")
def folders(diffusion, torch, tmp_path_factory):
    """Whole checkpoints, by what they are."""
    above = tmp_path_factory.mktemp("see-through")
    parts = {version: toy_see_through.save_parts(above / version, version, encoders=False) for version in ("v3", "v2")}
    return {**parts, "depth": toy_see_through.save_depth(above / "depth", encoders=False)}


@pytest.fixture
def own(folders, tmp_path):
    """A copy of the checkpoint of parts to spoil."""
    return shutil.copytree(folders["v3"], tmp_path / "own")


@pytest.fixture
def weights(own):
    return own / "unet" / "diffusion_pytorch_model.safetensors"


def edited(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def resaved(file, change):
    from safetensors.torch import load_file, save_file

    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


def role_of(name):
    return "depth" if name == "depth" else "parts"


def says(unet, group=0):
    """What a network makes of the same noise each time."""
    import torch

    from animelayers.models.see_through.unet import Words

    drawn = torch.Generator().manual_seed(0)
    frames = (unet.config.group_embedding_num or [3])[group] if unet.config.group_embedding else 3
    width, pooled = unet.config.cross_attention_dim, unet.config.addition_embed_type and toy_see_through.POOLED
    tokens = torch.randn(frames, 5, width, generator=drawn)
    words = Words(tokens, torch.randn(frames, pooled, generator=drawn) if pooled else None)
    noisy = torch.randn(1, frames, unet.config.in_channels, SIDE, SIDE, generator=drawn)
    where, kind = unet.device, unet.dtype
    with torch.no_grad():
        told = unet.grouped(words.to(where).to(kind), group)
        return unet(noisy.to(where, kind), 500, told).float().cpu()


def alike(first, second):
    """The same but for the order of sums, which depends on where in memory a file's tensors begin."""
    return (first - second).abs().max() < CLOSE


# --- the published networks


@functools.cache
def published(name):
    """Names and shapes of all tensors, in the order of the file."""
    found = json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))
    return {key: tuple(shape) for key, shape in found["keys"]}


@pytest.fixture(scope="module")
def full(diffusion, tmp_path_factory):
    """Name → folder with the published configuration of a UNet, and no weights."""

    def folder(name):
        made = tmp_path_factory.mktemp(name)
        (made / "unet").mkdir()
        shutil.copy(DATA / f"{name}.config.json", made / "unet" / "config.json")
        return made

    return functools.cache(folder)


@pytest.mark.parametrize(
    ("name", "role", "parameters"),
    [
        ("unet_layerdiff_v3", "parts", 4_071_291_140),
        ("unet_layerdiff_v2", "parts", 4_059_539_204),
        ("unet_depth", "depth", 1_213_176_964),
    ],
)
def test_a_unet_has_every_tensor_of_the_published_one_and_no_other(full, name, role, parameters):
    from animelayers.models.see_through import loading

    unet = loading.outline(full(name), role)
    assert {key: tuple(tensor.shape) for key, tensor in unet.state_dict().items()} == published(name)
    assert sum(math.prod(shape) for shape in published(name).values()) == parameters
    assert unet.device.type == "meta"


def test_transparency_has_every_tensor_of_the_published_one_and_no_other(torch):
    from animelayers.models.see_through.transparency import TransparentVAE

    with torch.device("meta"):
        made = TransparentVAE()
    assert {key: tuple(tensor.shape) for key, tensor in made.state_dict().items()} == published("transparency_vae")
    assert sum(tensor.numel() for tensor in made.parameters()) == 105_286_568


# --- a UNet


@pytest.mark.parametrize("name", ["v3", "v2", "depth"])
def test_a_unet_is_the_one_that_was_saved(torch, folders, cpu, name):
    from animelayers.models.see_through import loading

    saved = toy_see_through.depth_unet() if name == "depth" else toy_see_through.unet(name)
    found = loading.load_unet(folders[name], "float32", cpu, role_of(name))
    assert not found.training
    assert not any(weight.requires_grad for weight in found.parameters())
    assert all(torch.equal(weight, saved.get_parameter(key)) for key, weight in found.named_parameters())
    assert alike(says(found), says(saved))
    if name == "v3":
        assert alike(says(found, 1), says(saved, 1))
    assert loading.load_unet(folders[name], "bf16", cpu, role_of(name)).dtype == torch.bfloat16


@pytest.mark.parametrize("name", ["v3", "v2", "depth"])
def test_the_published_names_are_the_only_difference_to_our_own(torch, folders, cpu, tmp_path, name):
    from animelayers.models.see_through import loading

    first = loading.load_unet(folders[name], "float32", cpu, role_of(name))
    first.save_pretrained(tmp_path / "unet")
    assert alike(says(loading.load_unet(tmp_path, "float32", cpu, role_of(name))), says(first))


def test_a_unet_may_lie_in_several_files(torch, own, weights, cpu):
    from animelayers.models.see_through import loading

    whole = loading.load_unet(own, "float32", cpu)
    weights.unlink()
    whole.save_pretrained(own / "unet", max_shard_size="400KB")
    shards = sorted((own / "unet").glob("*.safetensors"))
    assert len(shards) > 2
    assert alike(says(loading.load_unet(own, "float32", cpu)), says(whole))
    shards[1].unlink()
    with pytest.raises(ModelError, match=shards[1].name):
        loading.load_unet(own, "float32", cpu)


def test_a_version_is_told_or_seen(folders, own):
    from animelayers.models.see_through import loading

    assert [loading.version_of(folders[version]) for version in ("v3", "v2")] == ["v3", "v2"]
    edited(own / "unet", tag_version=None)
    assert loading.version_of(own) == "v3"
    edited(own / "unet", group_embedding=False)
    assert loading.version_of(own) == "v2"
    edited(own / "unet", tag_version="v4")
    with pytest.raises(ModelError, match="tag_version 'v4', wanted v3 or v2"):
        loading.version_of(own)
    edited(own / "unet", tag_version="v3", group_embedding=True, group_embedding_num=[13, 10])
    with pytest.raises(ModelError, match=r"groups of \[13, 10\] frames, wanted \[13, 11\]"):
        loading.version_of(own)


# --- what is no checkpoint, or a damaged one


def test_a_missing_tensor_is_named_with_its_file(own, weights, cpu):
    from animelayers.models.see_through import loading

    gone = "mid_block.attentions.0.temporal_transformer_blocks.0.attn1.to_q.weight"
    resaved(weights, lambda tensors: tensors.pop(gone))
    with pytest.raises(ModelError, match=f"{weights} has no {gone}") as caught:
        loading.load_unet(own, "float32", cpu)
    assert loading.V3 in caught.value.hint


def test_a_foreign_tensor_is_named_with_its_file(torch, own, weights, cpu):
    from animelayers.models.see_through import loading

    resaved(weights, lambda tensors: tensors.update({"controlnet.weight": torch.zeros(1)}))
    with pytest.raises(ModelError, match=f"{weights} has controlnet.weight, which this network does not"):
        loading.load_unet(own, "float32", cpu)


def test_a_tensor_of_another_shape_is_named(own, weights, cpu):
    from animelayers.models.see_through import loading

    resaved(weights, lambda tensors: tensors.update({"conv_in.weight": tensors["conv_in.weight"][:, :4].contiguous()}))
    with pytest.raises(ModelError, match=r"conv_in.weight of \[8, 4, 3, 3\], wanted \[8, 8, 3, 3\]"):
        loading.load_unet(own, "float32", cpu)


@pytest.mark.parametrize(
    ("changes", "role", "said"),
    [
        ({"_class_name": "UNet2DConditionModel", "in_channels": 4}, "parts", "is a stock UNet2DConditionModel"),
        ({"_class_name": "FluxTransformer2DModel"}, "parts", "is one of FluxTransformer2DModel"),
        ({"in_channels": 12}, "parts", "12 channels, so it is one of depth; wanted 8 of parts"),
        ({}, "depth", "8 channels, so it is one of parts; wanted 12 of depth"),
        ({"in_channels": 4}, "parts", "sees 4 channels; wanted 8"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "parts", "in 4 bits, which cpu cannot"),
    ],
)
def test_another_network_is_called_by_its_name(own, cpu, changes, role, said):
    from animelayers.models.see_through import loading

    edited(own / "unet", **changes)
    with pytest.raises(ModelError, match=said) as caught:
        loading.load_unet(own, "float32", cpu, role)
    assert caught.value.hint


def test_what_is_no_checkpoint_is_told(own, weights, cpu, tmp_path):
    from animelayers.models.see_through import loading

    with pytest.raises(ModelError, match="is one file, wanted the folder"):
        loading.load_unet(weights, "float32", cpu)
    with pytest.raises(ModelError, match="there is no") as caught:
        loading.version_of(tmp_path)
    assert "model_index.json" in caught.value.hint
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be loaded"):
        loading.load_unet(own, "float32", cpu)
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelError, match=r"as \.bin only; opening such a file can run code"):
        loading.load_unet(own, "float32", cpu)
    (own / "unet" / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        loading.outline(own)
    (own / "unet" / "config.json").write_text('{"_class_name": "UNetFrameConditionModel"}')
    with pytest.raises(ModelError, match="unet cannot be loaded"):
        loading.outline(own)


# --- rungs


def test_a_cpu_has_no_small_rungs(folders, cpu):
    from animelayers.models.see_through import loading

    with pytest.raises(ModelError, match="memory nf4 cannot be had") as caught:
        loading.load_unet(folders["v3"], "nf4", cpu)
    assert caught.value.hint == "memory=float32 or bf16"


def test_what_is_in_4_bits_already_stays_so(torch, own, weights):
    """Its weights have another shape, and tensors beside them; of all others everything is compared."""
    from animelayers.models.diffusion.folder import require_tensors
    from animelayers.models.see_through import loading

    layer = "mid_block.attentions.0.proj_in.weight"
    shapes = {name: tensor.shape for name, tensor in toy_see_through.unet().state_dict().items()}

    def pack(tensors):
        tensors[layer] = torch.zeros(tensors[layer].numel() // 2, 1, dtype=torch.uint8)
        for beside in ("absmax", "quant_map", "quant_state.bitsandbytes__nf4"):
            tensors[f"{layer}.{beside}"] = torch.zeros(4)

    resaved(weights, pack)
    require_tensors(own / "unet", shapes, "")
    edited(own / "unet", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    card = torch.device("cuda")
    assert [each.rung for each in loading.estimates(own, card, 13, 64)] == ["nf4"]
    with pytest.raises(ModelError, match="memory bf16 cannot be had") as caught:
        loading.load_unet(own, "bf16", card)
    assert caught.value.hint == "memory=nf4"
    resaved(weights, lambda tensors: tensors.pop("conv_in.bias"))
    with pytest.raises(ModelError, match=r"has no conv_in\.bias"):
        require_tensors(own / "unet", shapes, "")


def test_float8_is_for_linear_layers_between_entrance_and_exit(torch, folders, cpu):
    from animelayers.models.diffusion import rungs
    from animelayers.models.see_through import loading

    unet = loading.load_unet(folders["v3"], "bf16", cpu)
    before = says(unet)
    rungs.settled(unet, "fp8", cpu, loading.KEPT)
    kinds = {name: weight.dtype for name, weight in unet.named_parameters()}
    small = {name.partition(".")[0] for name, kind in kinds.items() if kind == torch.float8_e4m3fn}
    assert small == {"down_blocks", "mid_block", "up_blocks"}
    assert kinds["mid_block.attentions.0.temporal_transformer_blocks.0.attn1.to_q.weight"] == torch.float8_e4m3fn
    assert unet.dtype == torch.bfloat16
    assert 0 < (says(unet) - before).abs().mean() / before.abs().mean() < 0.05


@pytest.mark.parametrize("name", ["v3", "depth"])
def test_offloading_changes_nothing(torch, folders, cpu, name):
    from diffusers.hooks.group_offloading import _is_group_offload_enabled

    from animelayers.models.diffusion import rungs
    from animelayers.models.see_through import loading

    unet = loading.load_unet(folders[name], "float32", cpu, role_of(name))
    before = says(unet)
    rungs.settled(unet, "offload", cpu, loading.KEPT, leaves=True)
    assert _is_group_offload_enabled(unet)
    assert alike(says(unet), before)
    assert alike(says(unet), before)


@pytest.mark.gpu
@pytest.mark.parametrize("rung", ["bf16", "fp8", "nf4", "offload"])
def test_every_rung_on_a_card(torch, folders, cpu, rung):
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    if rung == "nf4":
        pytest.importorskip("bitsandbytes")
    from animelayers.models.see_through import loading

    wanted = says(loading.load_unet(folders["v3"], "float32", cpu))
    unet = loading.load_unet(folders["v3"], rung, torch.device("cuda"))
    for _ in range(2):  # the second time offloading knows what comes next
        assert (says(unet) - wanted).abs().mean() / wanted.abs().mean() < (0.3 if rung == "nf4" else 0.05)


# --- memory


def test_the_published_networks_fit_where_they_are_said_to(torch, full):
    """Reported: 13.7 GiB reserved at 1280 px and 22.6 at 2048, VAEs of 0.38 GB among it; with 8 GB by offloading."""
    from animelayers.models.see_through import loading

    card, folder = torch.device("cuda"), full("unet_layerdiff_v3")
    at = {side: {each.rung: each for each in loading.estimates(folder, card, 13, side)} for side in (1280, 2048)}
    assert at[1280]["bf16"].weights == 2 * 4_071_291_140
    assert at[1280]["bf16"].total + 0.38 * GB == pytest.approx(13.69 * 2**30, rel=0.02)
    assert at[2048]["bf16"].total + 0.38 * GB == pytest.approx(22.56 * 2**30, rel=0.02)
    assert at[1280]["offload"].weights < 0.3 * GB
    assert memory.chosen("auto", list(at[1280].values()), 8 * GB - GB // 2) == "offload"
    assert at[1280]["fp8"].weights == pytest.approx(4.07 * GB, rel=0.25), "convolutions stay in 16 bits"
    assert at[1280]["bf16"].weights > at[1280]["fp8"].weights > at[1280]["nf4"].weights > 2 * GB


def test_vaes_are_counted_beside_a_unet(folders, cpu):
    from animelayers.models.see_through import loading

    first, second = loading.estimates(folders["v3"], cpu, 13, 64)
    files = [folders["v3"] / part / "diffusion_pytorch_model.safetensors" for part in ("vae", "trans_vae")]
    assert (first.rung, second.rung) == ("float32", "bf16")
    assert second.vae == sum(file.stat().st_size for file in files)
    assert second.activations == 13 * 8 * 8 * 8 * 2 * memory.LIVE_CONVOLVED
    assert first.activations == 2 * second.activations


# --- the rest


def test_the_vaes_are_those_that_were_saved(torch, folders, cpu):
    from animelayers.models.see_through import loading

    shown = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        for name, saved in (("v3", toy_see_through.vae()), ("depth", toy_see_through.vae(0.18215, seed=1))):
            found = loading.load_vae(folders[name], cpu)
            assert found.config.scaling_factor == saved.config.scaling_factor
            coded = saved.encode(shown).latent_dist.mode()
            assert alike(found.encode(shown).latent_dist.mode(), coded)
        latent = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
        found, saved = loading.load_transparency(folders["v3"], cpu), toy_see_through.transparency()
        assert alike(found(shown, latent), saved(shown, latent))
    assert not any(weight.requires_grad for weight in found.parameters())
    assert loading.load_vae(folders["v3"], cpu, tiling=True).use_tiling


def test_another_vae_is_refused(own, cpu):
    from animelayers.models.see_through import loading

    edited(own / "vae", _class_name="AutoencoderTiny")
    with pytest.raises(ModelError, match="is a AutoencoderTiny of 4 latent channels, wanted AutoencoderKL"):
        loading.load_vae(own, cpu)
    resaved(own / "trans_vae" / "diffusion_pytorch_model.safetensors", lambda t: t.pop("decoder.model.conv_in.bias"))
    with pytest.raises(ModelError, match=r"has no decoder\.model\.conv_in\.bias"):
        loading.load_transparency(own, cpu)
    edited(own / "trans_vae", _class_name="AutoencoderKL")
    with pytest.raises(ModelError, match="is a AutoencoderKL, wanted TransparentVAE"):
        loading.load_transparency(own, cpu)
    shutil.rmtree(own / "trans_vae")
    with pytest.raises(ModelError, match="there is no"):
        loading.load_transparency(own, cpu)


def test_depth_is_looked_for_where_it_was_before(monkeypatch, tmp_path):
    from animelayers.models.see_through import loading

    asked = []

    def located(weights, **_):
        asked.append(weights)
        if weights == loading.DEPTH:
            raise ModelError("there is none", hint="first")
        return tmp_path

    monkeypatch.setattr(loading.hub, "located", located)
    assert loading.depth_folder() == tmp_path
    assert asked == [loading.DEPTH, loading.DEPTH_BEFORE]
    monkeypatch.setattr(loading, "DEPTH_BEFORE", loading.DEPTH)
    with pytest.raises(ModelError, match="there is none"):
        loading.depth_folder()
    assert loading.parts_folder() == tmp_path
    assert asked[-1] == loading.V3


def test_text_encoders_are_fetched_only_when_they_are_asked_for(monkeypatch, tmp_path):
    from animelayers.models.see_through import loading

    asked = []
    monkeypatch.setattr(loading.hub, "located", lambda _, files, **__: asked.append(files) or tmp_path)
    loading.parts_folder("a/b")
    loading.parts_folder("a/b", encoders=True)
    assert not any("text_encoder" in pattern for pattern in asked[0])
    assert "text_encoder*/*.safetensors" in asked[1]
    assert {"unet/*.safetensors", "trans_vae/*.json", "words.safetensors"} < set(asked[0])


# --- schedules


def test_noise_is_taken_away_as_the_reference_does(torch):
    """Both samplers, driven by recorded predictions and recorded noise."""
    from animelayers.models.see_through import schedule

    recorded = Recorded("scheduler_steps")
    for name, made, count in (("dpm", schedule.parts_scheduler(), 30), ("ddim", schedule.depth_scheduler(), 4)):
        made.set_timesteps(count)
        assert made.timesteps.tolist() == recorded.about["timesteps"][name]
        sample = recorded[f"inputs.{name}.sample"]
        for step, moment in enumerate(made.timesteps):
            noise = {"variance_noise": recorded["inputs.dpm.step_noise"][step]} if name == "dpm" else {}
            said = recorded[f"inputs.{name}.model_output"][step]
            sample = made.step(said, moment, sample, return_dict=False, **noise)[0]
            assert (sample - recorded[f"outputs.{name}.samples"][step]).abs().max() < 1e-5


def test_a_depth_checkpoint_may_have_a_schedule_of_its_own(folders, tmp_path):
    from diffusers import DDIMScheduler

    from animelayers.models.see_through import schedule

    DDIMScheduler(num_train_timesteps=500).save_pretrained(tmp_path / "scheduler")
    assert schedule.depth_scheduler(tmp_path).config.num_train_timesteps == 500
    assert schedule.depth_scheduler(tmp_path / "none").config.num_train_timesteps == 1000
    assert schedule.depth_scheduler(folders["depth"]).config.prediction_type == "v_prediction"
    (tmp_path / "scheduler" / "scheduler_config.json").write_text("{")
    with pytest.raises(ModelError, match="scheduler cannot be loaded"):
        schedule.depth_scheduler(tmp_path)
