"""Adapters leave the house: merged into a base, and under the names of other programs. Skipped without diffusers."""

import pytest
import toy_qwen
from drawing import script


@pytest.fixture(scope="module", autouse=True)
def torch():
    torch = pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return toy_qwen.save_base(tmp_path_factory.mktemp("bases") / "base", encoder=False)


@pytest.fixture(scope="module")
def run(torch, base, tmp_path_factory):
    """The folder of a training whose every weight is random."""
    folder = tmp_path_factory.mktemp("run")
    toy_qwen.save_adapter(folder, toy_qwen.spec(base=str(base), steps=7))
    (folder / "prompt.safetensors").write_bytes(b"words")
    return folder


@pytest.fixture
def door():
    return {name: script(f"export/{name}_lora.py")["main"] for name in ("merge", "comfy")}


def opened(folder, torch):
    from animelayers.models.qwen_layered import loading

    return loading.load_transformer(folder, "float32", torch.device("cpu"))


def adapted(model, file, **changes):
    """The model with an adapter in it."""
    from animelayers.models.qwen_layered import adapter

    spec, tensors = adapter.read(adapter.located(file))
    adapter.load(model, spec.model_copy(update=changes), tensors)
    return model


def said(model, torch):
    """What a model says of fixed noise; without the adapter's RoPE ids."""
    from animelayers.models.qwen_layered.frames import velocity

    drawn = torch.randn(1, 4, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return velocity(model, drawn, drawn[:, 0], torch.tensor([0.5]), toy_qwen.prompt(), toy_qwen.frames())


# --- merged


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_base_and_lora_in_one_say_what_they_say_in_two(base, run, torch, tmp_path, scale):
    from animelayers.models.qwen_layered import adapter, merged

    rounding = merged.merge(run, base, tmp_path / "merged", scale)
    assert rounding.share < 1e-6
    two = adapted(opened(base, torch), run)
    two.set_adapters(["default"], [scale])
    one = adapted(opened(tmp_path / "merged", torch), tmp_path / "merged")
    assert torch.allclose(said(one, torch), said(two, torch), atol=1e-5)
    assert not torch.allclose(said(opened(tmp_path / "merged", torch), torch), said(two, torch), atol=1e-3), "embedding"
    spec, tensors = adapter.read(tmp_path / "merged" / adapter.FILE)
    assert (spec.base, spec.rank, spec.steps, list(tensors)) == (
        str(tmp_path / "merged"),
        0,
        7,
        ["lora_lse.embedding"],
    )


def test_an_adapter_without_an_embedding_leaves_its_spec(base, run, torch, tmp_path):
    from animelayers.models.qwen_layered import adapter, merged

    spec, tensors = adapter.read(adapter.located(run))
    lora = {name: tensor for name, tensor in tensors.items() if name.startswith("transformer.")}
    adapter.save(tmp_path / "bare.safetensors", lora, spec.model_copy(update={"place": None}))
    merged.merge(tmp_path / "bare.safetensors", base, tmp_path / "merged")
    two = adapted(opened(base, torch), tmp_path / "bare.safetensors")
    one = adapted(opened(tmp_path / "merged", torch), tmp_path / "merged")
    assert torch.allclose(said(one, torch), said(two, torch), atol=1e-5)


def test_shards_stay_shards_and_are_rounded_once(run, torch, tmp_path):
    from safetensors.torch import load_file

    from animelayers.models.qwen_layered import adapter, merged

    base = toy_qwen.save_base(tmp_path / "base", encoder=False)
    for file in (base / "transformer").iterdir():
        file.unlink()
    toy_qwen.transformer().bfloat16().save_pretrained(base / "transformer", max_shard_size="60KB")
    rounding = merged.merge(run, base, tmp_path / "merged")
    assert 0 < rounding.share < 0.01
    shards = sorted(file.name for file in (base / "transformer").glob("*.safetensors"))
    assert len(shards) > 2
    assert shards == sorted(file.name for file in (tmp_path / "merged" / "transformer").glob("*.safetensors"))
    _, tensors = adapter.read(adapter.located(run))
    changed = 0
    for shard in shards:
        old, new = (load_file(folder / "transformer" / shard) for folder in (base, tmp_path / "merged"))
        assert old.keys() == new.keys()
        for name, weight in old.items():
            lora, wanted = f"transformer.{name.removesuffix('.weight')}", weight
            if f"{lora}.lora_A.weight" in tensors:
                change = tensors[f"{lora}.lora_B.weight"] @ tensors[f"{lora}.lora_A.weight"]
                wanted = (weight.float() + change).bfloat16()
                changed += 1
            assert new[name].equal(wanted), name
    assert changed == 2 * 8 - 2
    opened(tmp_path / "merged", torch)  # which wants every shard


def test_the_rest_of_the_base_comes_along(base, run, tmp_path):
    from animelayers.models.qwen_layered import merged

    (base / ".cache").mkdir(exist_ok=True)
    (base / ".cache" / "note").write_text("of a program")
    merged.merge(run, base, tmp_path / "merged")
    names = {file.relative_to(base) for file in base.rglob("*") if file.is_file() and ".cache" not in file.parts}
    found = {file.relative_to(tmp_path / "merged") for file in (tmp_path / "merged").rglob("*") if file.is_file()}
    assert {path.as_posix() for path in found - names} == {"pytorch_lora_weights.safetensors", "prompt.safetensors"}
    assert names <= found
    for name, linked in (("vae/diffusion_pytorch_model.safetensors", True), ("model_index.json", False)):
        assert (tmp_path / "merged" / name).read_bytes() == (base / name).read_bytes()
        assert (tmp_path / "merged" / name).samefile(base / name) == linked
    assert (tmp_path / "merged" / "prompt.safetensors").read_bytes() == b"words"


def test_what_cannot_be_merged_leaves_nothing(base, run, tmp_path):
    from animelayers.errors import ModelError, OutputError
    from animelayers.models.qwen_layered import merged

    merged.merge(run, base, tmp_path / "merged")
    with pytest.raises(ModelError, match="has no LoRA"):
        merged.merge(tmp_path / "merged", base, tmp_path / "again")
    with pytest.raises(OutputError, match="is there already"):
        merged.merge(run, base, tmp_path / "merged")
    other = toy_qwen.save_base(tmp_path / "other", encoder=False)
    toy_qwen.transformer(layers=3).save_pretrained(other / "transformer")
    with pytest.raises(ModelError, match="2 blocks of width 48; this base has 3 of 48"):
        merged.merge(run, other, tmp_path / "again")
    toy_qwen.transformer().save_pretrained(other / "transformer")
    weights = other / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be read"):
        merged.merge(run, other, tmp_path / "again")
    weights.unlink()
    with pytest.raises(ModelError, match="which the adapter changes"):
        merged.merge(run, other, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["merged", "other"]


def test_the_door_merges_and_says_what_is_lost(door, run, tmp_path, capsys):
    assert door["merge"]([str(run), "-o", str(tmp_path / "merged")]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "merged")
    assert "of what the LoRA does" in err
    assert door["merge"]([str(run), "-o", str(tmp_path / "merged")]) == 1
    assert "hint: " in capsys.readouterr().err


# --- under other names


def comfy_keys(model, style):
    """What ComfyUI's table of a model's weights makes of the weights that are there."""
    weights = [name.removesuffix(".weight") for name in model.state_dict() if name.endswith(".weight")]
    if style == "comfy":
        return {f"diffusion_model.{name}.lora_{part}.weight" for name in weights for part in "AB"}
    flat = [f"lora_unet_{name.replace('.', '_')}" for name in weights]
    return {f"{name}.{end}" for name in flat for end in ("lora_up.weight", "lora_down.weight", "alpha")}


@pytest.mark.parametrize("style", ["comfy", "kohya"])
def test_other_programs_load_it_and_mean_the_lora(door, base, run, torch, tmp_path, style):
    from safetensors.torch import load_file

    file = tmp_path / "lora.safetensors"
    assert door["comfy"]([str(run), "-o", str(file), "--style", style]) == 0
    tensors = load_file(file)
    assert len(tensors) == (2 * 8 - 2) * (2 if style == "comfy" else 3)
    assert tensors.keys() <= comfy_keys(toy_qwen.transformer(), style)
    pipe = toy_qwen.stock(opened(base, torch), toy_qwen.vae())
    pipe.load_lora_weights(str(tmp_path), weight_name=file.name)
    alone = adapted(opened(base, torch), run, place=None)
    assert torch.allclose(said(pipe.transformer, torch), said(alone, torch), atol=1e-6)
    assert not torch.allclose(said(opened(base, torch), torch), said(alone, torch), atol=1e-3)


@pytest.mark.parametrize("style", ["comfy", "kohya"])
def test_it_comes_back_bit_for_bit(door, run, torch, tmp_path, style):
    from safetensors.torch import load_file

    from animelayers.models.qwen_layered import adapter

    there, back = tmp_path / "there.safetensors", tmp_path / "back.safetensors"
    assert door["comfy"]([str(run), "-o", str(there), "--style", style]) == 0
    assert door["comfy"]([str(there), "-o", str(back), "--back"]) == 0
    assert back.read_bytes() == (run / adapter.FILE).read_bytes()
    assert door["comfy"]([str(run), "-o", str(there), "--style", style, "--dtype", "bfloat16"]) == 0
    assert door["comfy"]([str(there), "-o", str(back), "--back"]) == 0
    (spec, found), trained = adapter.read(back), load_file(run / adapter.FILE)
    assert spec == adapter.read(run / adapter.FILE)[0]
    assert found.keys() == trained.keys()
    assert all(found[name].equal(tensor.bfloat16()) for name, tensor in trained.items())


def test_what_is_no_adapter_is_refused(door, base, run, tmp_path, capsys):
    out = ["-o", str(tmp_path / "x.safetensors")]
    assert door["merge"]([str(run), "-o", str(tmp_path / "merged")]) == 0
    (tmp_path / "cut.safetensors").write_bytes(b"lora")
    for words, what in [
        ([str(run / "pytorch_lora_weights.safetensors"), "--back"], "no converted adapter"),
        ([str(tmp_path / "cut.safetensors"), "--back"], "no converted adapter"),
        ([str(tmp_path / "nowhere"), "--back"], "no converted adapter"),
        ([str(tmp_path / "nowhere")], "there is no adapter"),
        ([str(tmp_path / "merged")], "has no LoRA"),
    ]:
        capsys.readouterr()
        assert door["comfy"]([*words, *out]) == 1
        err = capsys.readouterr().err
        assert what in err
        assert "hint: " in err
    assert not (tmp_path / "x.safetensors").exists()


def test_frames_are_explained():
    from animelayers.models.qwen_layered.converted import frames_elsewhere

    assert frames_elsewhere(toy_qwen.spec(composite=True)).startswith("layers=4; the first image is the whole picture,")
    assert "has not learnt" in frames_elsewhere(toy_qwen.spec())
    assert frames_elsewhere(toy_qwen.spec(kept_ids=False)).startswith("layers=3; the first image is a layer")
