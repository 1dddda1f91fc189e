"""Loading a tiny Qwen-Image-Layered from files, on every rung that a CPU can try. Skipped without the packages."""

import contextlib
import json
import shutil
from importlib.util import find_spec

import pytest
import toy_qwen

from animelayers.errors import MissingPackageError, ModelError

TEMPLATE_TOKENS = 34
"""Of the pipeline's template, which stand before the prompt and are left out."""


pytestmark = pytest.mark.usefixtures("diffusion")


@pytest.fixture(scope="module")
def cpu(diffusion, torch):
    return torch.device("cpu")


@pytest.fixture(scope="module")
def base(diffusion, torch, tmp_path_factory):
    return toy_qwen.save_base(tmp_path_factory.mktemp("qwen") / "base")


@pytest.fixture
def own(base, tmp_path):
    """A copy of the base to spoil."""
    return shutil.copytree(base, tmp_path / "base")


def sampled(model, *, steps=12, guided=False):
    import torch

    from animelayers.models.qwen_layered import denoise

    where = model.device
    condition = torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(1)).to(where)
    words, other = toy_qwen.prompt().to(where), toy_qwen.prompt(1).to(where)
    start = denoise.noise([3], (4, 8, 4, 4), where)
    guidance = denoise.Guidance(other, 4.0) if guided else None
    scheduler, frames = toy_qwen.scheduler(), toy_qwen.frames()
    return denoise.denoised(model, scheduler, condition, words, frames, start, steps=steps, guidance=guidance)


def with_adapter(model):
    """A LoRA in float32, as trainings have it, and the embedding; the same values every time."""
    import torch
    from peft import LoraConfig

    from animelayers.models.qwen_layered import semantics

    torch.manual_seed(5)
    model.add_adapter(LoraConfig(r=2, target_modules=["to_q", "add_k_proj"], init_lora_weights=False))
    semantics.attach(model, toy_qwen.frames())
    for name, values in model.named_parameters():
        if "lora_" in name:
            values.data = values.data.float()
    return model


def edited(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# --- the transformer


def test_the_transformer_is_the_one_that_was_saved(torch, base, cpu):
    from animelayers.models.qwen_layered import loading

    model, saved = loading.load_transformer(base, "float32", cpu), toy_qwen.transformer()
    assert not model.training
    assert not any(values.requires_grad for values in model.parameters())
    assert all(torch.equal(values, saved.get_parameter(name)) for name, values in model.named_parameters())
    assert torch.allclose(sampled(model, steps=2), sampled(saved, steps=2), atol=1e-5)
    assert loading.load_transformer(base, "bf16", cpu).dtype == torch.bfloat16
    counted = sum(values.numel() for values in loading.outline(base).parameters())
    assert counted == sum(values.numel() for values in saved.parameters())


@pytest.mark.parametrize(
    ("changes", "pipeline", "said"),
    [
        ({"use_layer3d_rope": False, "use_additional_t_cond": False}, "QwenImagePipeline", "paints what words say"),
        ({"use_layer3d_rope": False}, "QwenImageEditPipeline", "is Qwen-Image-Edit,"),
        ({"use_additional_t_cond": False, "zero_cond_t": True}, None, "Qwen-Image-Edit-2511"),
        ({"use_additional_t_cond": False}, None, "Qwen-Image without layers"),
        ({"_class_name": "FluxTransformer2DModel"}, "FluxPipeline", "is FluxTransformer2DModel, not"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, None, "quantised already"),
    ],
)
def test_another_model_is_called_by_its_name(own, cpu, changes, pipeline, said):
    from animelayers.models.qwen_layered import loading

    edited(own / "transformer", **changes)
    index = own / "model_index.json"
    index.unlink() if pipeline is None else index.write_text(json.dumps({"_class_name": pipeline}))
    with pytest.raises(ModelError, match=said) as caught:
        loading.load_transformer(own, "float32", cpu)
    assert loading.BASE in caught.value.hint


def test_what_is_no_checkpoint_is_told(own, cpu, tmp_path):
    from animelayers.models.qwen_layered import loading

    weights = own / "transformer" / "diffusion_pytorch_model.safetensors"
    with pytest.raises(ModelError, match="is one file"):
        loading.load_transformer(weights, "float32", cpu)
    with pytest.raises(ModelError, match="there is no") as caught:
        loading.load_transformer(tmp_path, "float32", cpu)
    assert "model_index.json" in caught.value.hint
    (own / "transformer" / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        loading.outline(own)
    (own / "transformer" / "config.json").write_text("[]")
    with pytest.raises(ModelError, match="no configuration"):
        loading.outline(own)


def test_damaged_weights_are_told(own, cpu):
    from safetensors.torch import load_file, save_file

    from animelayers.models.qwen_layered import loading

    weights = own / "transformer" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    save_file({name: tensor for name, tensor in tensors.items() if "img_in" not in name}, weights)
    with pytest.raises(ModelError, match="transformer is not whole"):
        loading.load_transformer(own, "float32", cpu)
    save_file(tensors | {"img_in.weight": tensors["img_in.weight"][:4].contiguous()}, weights)
    with pytest.raises(ModelError, match="cannot be loaded"):
        loading.load_transformer(own, "float32", cpu)
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be loaded"):
        loading.load_transformer(own, "float32", cpu)
    weights.rename(weights.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(ModelError, match="cannot be loaded"):
        loading.load_transformer(own, "float32", cpu)


@pytest.mark.parametrize("rung", ["fp8", "nf4", "offload"])
def test_a_cpu_has_no_small_rungs(base, cpu, rung):
    from animelayers.models.qwen_layered import loading

    with pytest.raises(ModelError, match=f"{rung} cannot be had on cpu") as caught:
        loading.load_transformer(base, rung, cpu)
    assert caught.value.hint == "memory=float32 or bf16"


def test_four_bits_need_their_package(torch, base, monkeypatch):
    from animelayers.models.diffusion import rungs
    from animelayers.models.qwen_layered import loading

    monkeypatch.setattr(rungs, "is_bitsandbytes_available", lambda: False)
    with pytest.raises(MissingPackageError) as caught:
        loading.load_transformer(base, "nf4", torch.device("cuda"))
    assert caught.value.hint == "pip install bitsandbytes"


def test_float8_is_for_the_weights_of_the_base_alone(torch, base, cpu):
    from animelayers.models.qwen_layered import loading

    model = with_adapter(loading.load_transformer(base, "bf16", cpu))
    before = sampled(model, steps=2)
    loading.settled(model, "fp8", cpu)
    kinds = {name: values.dtype for name, values in model.named_parameters()}
    assert kinds["transformer_blocks.1.attn.to_q.base_layer.weight"] == torch.float8_e4m3fn
    assert kinds["transformer_blocks.1.img_mod.1.weight"] == torch.float8_e4m3fn
    for name in ("img_in.weight", "proj_out.weight", "transformer_blocks.0.img_mod.1.weight", "txt_norm.weight"):
        assert kinds[name] == torch.bfloat16, name
    assert {kind for name, kind in kinds.items() if "lora_" in name} == {torch.float32}
    assert model.dtype == torch.bfloat16
    off = (sampled(model, steps=2) - before).abs().mean() / before.abs().mean()
    assert 0 < off < 0.05


def test_an_adapter_is_trained_beside_float8(torch, base, cpu):
    """With blocks checkpointed, the gradients are those of a base in bf16, but for the rounding of its weights."""
    from animelayers.models.qwen_layered import loading
    from animelayers.models.qwen_layered.frames import placed, velocity

    def gradients(rung):
        model = loading.settled(with_adapter(loading.load_transformer(base, "bf16", cpu)), rung, cpu)
        model.enable_gradient_checkpointing()
        frames, drawn = toy_qwen.frames(), torch.Generator().manual_seed(0)
        noisy, clean = (torch.randn(1, *shape, generator=drawn).bfloat16() for shape in ((4, 8, 4, 4), (8, 4, 4)))
        with placed(model, frames):
            said = velocity(model, noisy, clean, torch.tensor([0.5]), toy_qwen.prompt().bfloat16(), frames)
        said.float().square().mean().backward()
        return {name: values.grad for name, values in model.named_parameters() if values.grad is not None}

    exact, stored = gradients("bf16"), gradients("fp8")
    assert exact.keys() == stored.keys()
    assert all("lora_" in name for name in exact)
    assert "lora_lse.embedding" in exact
    for name, gradient in exact.items():
        alike = torch.nn.functional.cosine_similarity(gradient.flatten(), stored[name].flatten(), dim=0)
        assert alike > 0.95, name


def test_offloading_changes_nothing_and_knows_the_adapter(torch, base, cpu):
    from diffusers.hooks.group_offloading import _is_group_offload_enabled

    from animelayers.models.qwen_layered import loading

    model = with_adapter(loading.load_transformer(base, "float32", cpu))
    before = sampled(model, steps=2)
    loading.settled(model, "offload", cpu)
    assert _is_group_offload_enabled(model)
    assert torch.equal(sampled(model, steps=2), before)


@pytest.mark.gpu
@pytest.mark.parametrize("rung", ["bf16", "fp8", "nf4", "offload"])
def test_every_rung_on_a_card(torch, base, cpu, rung):
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    if rung == "nf4":
        pytest.importorskip("bitsandbytes")
    from animelayers.models.qwen_layered import loading

    wanted = sampled(with_adapter(loading.load_transformer(base, "float32", cpu)), steps=2)
    device = torch.device("cuda")
    model = loading.settled(with_adapter(loading.load_transformer(base, rung, device)), rung, device)
    found = sampled(model, steps=2).cpu()
    assert (found - wanted).abs().mean() / wanted.abs().mean() < (0.2 if rung == "nf4" else 0.05)


# --- the rest of the base


def test_the_vae_and_the_scheduler_are_those_that_were_saved(torch, base, cpu):
    from animelayers.models.qwen_layered import latents, loading

    found, saved = loading.load_vae(base, cpu), toy_qwen.vae()
    shown = torch.rand(2, 4, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    coded = latents.encode(saved, shown)
    assert torch.allclose(latents.encode(found, shown), coded, atol=1e-5)
    assert torch.allclose(latents.decode(found, coded), latents.decode(saved, coded), atol=1e-5)
    assert found.use_slicing
    assert not found.use_tiling
    assert loading.load_vae(base, cpu, tiling=True).use_tiling
    assert loading.load_scheduler(base).config.time_shift_type == "linear"


def test_a_vae_without_alpha_is_refused(own, cpu):
    from animelayers.models.qwen_layered import loading

    edited(own / "vae", input_channels=3)
    with pytest.raises(ModelError, match="of 3 channels, wanted the RGBA one"):
        loading.load_vae(own, cpu)
    shutil.copytree(own / "transformer", own / "vae", dirs_exist_ok=True)
    edited(own / "vae", _class_name="AutoencoderKLQwenImage", input_channels=4)
    with pytest.raises(ModelError, match="vae is not whole"):
        loading.load_vae(own, cpu)
    shutil.rmtree(own / "scheduler")
    with pytest.raises(ModelError, match="scheduler cannot be loaded"):
        loading.load_scheduler(own)


# --- speed


@pytest.mark.parametrize("guided", [False, True])
def test_a_cache_that_tolerates_nothing_changes_nothing(torch, base, cpu, guided):
    from animelayers.models.diffusion import speed
    from animelayers.models.qwen_layered import loading

    model = loading.load_transformer(base, "float32", cpu)
    before = sampled(model, guided=guided)
    with speed.cached(model, "first-block", 12, threshold=0):
        assert torch.equal(sampled(model, guided=guided), before)


@pytest.mark.parametrize("kind", ["first-block", "taylor-seer"])
@pytest.mark.parametrize("guided", [False, True])
def test_a_cache_saves_work_and_is_gone_afterwards(torch, base, cpu, kind, guided):
    """Two prompts have memories of their own: with both the same work is saved twice, and little is lost."""
    from animelayers.models.diffusion import speed
    from animelayers.models.qwen_layered import loading

    model = loading.load_transformer(base, "float32", cpu)
    before, calls = sampled(model, guided=guided), []
    model.transformer_blocks[1].attn.register_forward_hook(lambda *_: calls.append(1))
    with speed.cached(model, kind, 12, threshold=0.3):
        found = sampled(model, guided=guided)
    forwards = 24 if guided else 12
    assert 1 <= len(calls) <= forwards / 2
    assert len(calls) % (2 if guided else 1) == 0
    assert 0 < (found - before).abs().mean() / before.abs().mean() < 0.05
    calls.clear()
    assert torch.equal(sampled(model, guided=guided), before)
    assert len(calls) == forwards


def test_few_steps_are_not_cached(base, cpu):
    from animelayers.models.diffusion import speed
    from animelayers.models.qwen_layered import loading

    model = loading.load_transformer(base, "float32", cpu)
    with speed.cached(model, "first-block", speed.STEPS_TO_CACHE - 1):
        assert not model.is_cache_enabled
    with speed.cached(model, None, 50):
        assert not model.is_cache_enabled
    with contextlib.suppress(KeyError), speed.cached(model, "first-block", 50):
        assert model.is_cache_enabled
        raise KeyError
    assert not model.is_cache_enabled
    with pytest.raises(ModelError, match="unknown cache"), speed.cached(model, "magic", 50):
        pass


def test_attention_is_chosen_by_name(torch, base, cpu):
    from animelayers.models.diffusion import speed
    from animelayers.models.qwen_layered import loading

    model = loading.load_transformer(base, "float32", cpu)
    before = sampled(model, steps=2)
    speed.use_attention(model, "_native_math")
    assert torch.allclose(sampled(model, steps=2), before, atol=1e-4)
    speed.use_attention(model, "native")
    for name in ("fast", "sage_hub"):
        with pytest.raises(ModelError, match="unknown attention") as caught:
            speed.use_attention(model, name)
        assert "native" in caught.value.hint
        assert "_hub" not in caught.value.hint
    if not find_spec("sageattention"):
        with pytest.raises(MissingPackageError, match="sageattention"):
            speed.use_attention(model, "sage")


def test_only_the_repeated_block_is_compiled(base, cpu, monkeypatch):
    from diffusers.models.transformers.transformer_qwenimage import QwenImageTransformerBlock

    from animelayers.models.diffusion import speed
    from animelayers.models.qwen_layered import loading

    compiled = []

    def noted(block):
        compiled.append(block)

    monkeypatch.setattr(QwenImageTransformerBlock, "compile", noted)
    model = loading.load_transformer(base, "float32", cpu)
    speed.compile_blocks(model)
    assert compiled == list(model.transformer_blocks)


# --- the prompt


def test_the_embedding_is_what_the_encoder_says_after_the_template(torch, base, cpu):
    """Against a pipeline put together from saved files, and against the encoder's states taken by hand."""
    from diffusers import QwenImageLayeredPipeline

    from animelayers.models.qwen_layered import loading
    from animelayers.models.qwen_layered.prompt import embedding

    words, tokenizer = toy_qwen.text_encoder()
    whole = loading.load_scheduler(base), toy_qwen.vae(), words, tokenizer, None, toy_qwen.transformer()
    pipe = QwenImageLayeredPipeline(*whole)
    found = embedding("Anime, line", base, None, cpu)
    with torch.no_grad():
        theirs, _ = pipe.encode_prompt("Anime, line")
        tokens = tokenizer([pipe.prompt_template_encode.format("Anime, line")], return_tensors="pt")
        states = words(**tokens, output_hidden_states=True).hidden_states[-1]
    assert found.dtype == torch.float32
    assert found.device == cpu
    assert torch.allclose(found, theirs[0], atol=1e-6)
    assert torch.allclose(found, states[0, TEMPLATE_TOKENS:], atol=1e-6)


@pytest.fixture
def counted(monkeypatch):
    """How often the encoder was loaded."""
    from animelayers.models.qwen_layered import prompt

    loads, load = [], prompt._encoder
    monkeypatch.setattr(prompt, "_encoder", lambda *asked: loads.append(1) or load(*asked))
    return loads


def test_an_embedding_is_computed_once(torch, own, cpu, tmp_path, counted):
    from animelayers.models.qwen_layered.prompt import NAME, embedding, kept, read

    cache = tmp_path / "adapter" / NAME
    first = embedding("線画", own, cache, cpu)
    content = cache.read_bytes()
    assert torch.equal(embedding("線画", own, cache, cpu), first)
    assert torch.equal(read(cache), first)
    assert len(counted) == 1
    cache.unlink()
    embedding("線画", own, cache, cpu)
    assert cache.read_bytes() == content, "the same in, the same bytes out"
    shutil.rmtree(own / "text_encoder")
    assert torch.equal(embedding("線画", own, cache, cpu), first), "without an encoder the file is believed"
    assert kept(cache, "flat") is None
    with pytest.raises(ModelError, match="no text encoder") as caught:
        embedding("flat", own, cache, cpu)
    assert NAME in caught.value.hint
    assert cache.read_bytes() == content


def test_a_cache_of_something_else_is_made_again(torch, own, cpu, tmp_path, counted):
    from animelayers.models.qwen_layered.prompt import embedding, read

    cache = tmp_path / "p.safetensors"
    first = embedding("line", own, cache, cpu)
    assert not torch.equal(embedding("flat", own, cache, cpu)[: len(first)], first)
    assert torch.equal(embedding("line", own, cache, cpu), first)
    edited(own / "text_encoder", note="of another base")
    embedding("line", own, cache, cpu)
    assert len(counted) == 4
    cache.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="no embedding of a prompt"):
        read(cache)
    assert torch.equal(embedding("line", own, cache, cpu), first)
    assert torch.equal(read(cache), first)


def test_a_file_of_other_tensors_is_no_embedding(torch, tmp_path):
    from safetensors.torch import save_file

    from animelayers.models.qwen_layered.prompt import read

    path = tmp_path / "p.safetensors"
    save_file({"prompt_embeds": torch.zeros(1, 2, 3)}, path, {"about": "{}"})
    with pytest.raises(ModelError, match=r"wanted \[tokens, width\]"):
        read(path)
    save_file({"prompt_embeds": torch.zeros(2, 3)}, path)
    with pytest.raises(ModelError, match="no embedding"):
        read(path)
    with pytest.raises(ModelError, match="no embedding"):
        read(tmp_path / "missing")


def test_a_damaged_encoder_is_told(own, cpu):
    from animelayers.models.qwen_layered.prompt import embedding

    (own / "text_encoder" / "model.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(ModelError, match="cannot be loaded"):
        embedding("line", own, None, cpu)
