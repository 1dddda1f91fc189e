"""The study in benchmarks/parts_study, every stage of it on next to nothing."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from drawing import ROOT
from samples import sample
from studying import command, modules

from animelayers.composite import flatten, max_error
from animelayers.parts import PART_LABELS

SIZE = (96, 64)
SETS = {"learnt": [1, 2], "held-out": [4], "watched": [6]}


@pytest.fixture(autouse=True)
def _modules(monkeypatch):
    with modules("parts_study", monkeypatch):
        yield


# --- art


def test_small_samples_are_exact_and_whole():
    import art

    big = sample("s", size=(192, 128))
    made = art.small(big, SIZE)
    assert made.size == SIZE
    assert made.parts.names == big.parts.names
    assert max_error(made.parts, made.picture) == 0
    assert np.abs(flatten(made.parts).astype(int) - made.picture).max() == 0
    assert set(np.unique(made.depth)) <= set(np.unique(big.depth)), "between two depths there is none"
    assert made.rendering is None


def test_a_trainer_takes_small_samples():
    pytest.importorskip("torch")
    import art

    from animelayers.training.parts_art import PartsArt

    one = PartsArt.of(art.small(sample("s", size=(192, 128)), SIZE))
    assert one.head_page(64) is not None


# --- the autoencoder


@pytest.fixture
def vae(diffusion):
    import torch
    from autoencoder import made
    from plan import VaeSettings

    torch.manual_seed(0)
    return made(VaeSettings(side=64, widths=(8, 8, 16, 16), groups=1)).eval()


def test_before_it_learns_hues_are_right(vae):
    import torch

    colours = torch.tensor([[0.0, 0, 0], [0.6, 0, -0.6], [-0.6, 0.6, 0], [-0.4, -0.4, -0.4]])
    flat = colours.view(4, 3, 1, 1).expand(4, 3, 64, 64)
    with torch.no_grad():
        latent = vae.encode(flat).latent_dist.mode()
        said = vae.decode(latent).sample
    assert torch.allclose(latent[:, :3, 4, 4], colours, atol=0.1)
    assert torch.allclose(said[:, :, 32, 32], colours, atol=0.15)


def test_whitened_latents_have_deviation_1_and_give_the_same_pictures(vae):
    import torch
    from autoencoder import seen, whiten

    squares = (torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 255).to(torch.uint8)
    with torch.no_grad():
        before = vae.encode(seen(squares)).latent_dist
        picture = vae.decode(before.mode()).sample
        whiten(vae, squares)
        after = vae.encode(seen(squares)).latent_dist
        assert torch.allclose(vae.decode(after.mode()).sample, picture, atol=1e-5)
    values = after.mode().movedim(1, 0).flatten(1)
    assert torch.allclose(values.mean(1), torch.zeros(4), atol=1e-4)
    assert torch.allclose(values.std(1), torch.ones(4), atol=1e-4)
    share = before.std / before.mode().std((0, 2, 3), keepdim=True)
    assert torch.allclose(after.std, share, rtol=1e-3), "noise keeps its share"


def test_it_learns_what_networks_see_and_say(diffusion):
    from autoencoder import KINDS, sheets

    from animelayers.models.see_through import pictures
    from animelayers.training.parts_art import PartsArt

    one = PartsArt.of(sample("s", size=(128, 96)))
    found = list(sheets(one, 64))
    assert {kind for kind, _ in found} == set(KINDS)
    assert all(rgba.shape == (64, 64, 4) for _, rgba in found)
    page = pictures.page_seen(one.whole_page(64).page(one.page))
    assert np.array_equal(found[0][1][..., :3], np.rint((page.permute(1, 2, 0).numpy() + 1) * 127.5))
    part = next(rgba for kind, rgba in found if kind == "part")
    assert (part[part[..., 3] == 0, :3] == 128).all(), "grey where there is nothing"


# --- first weights


def test_before_they_learn_networks_say_what_they_are_shown(diffusion, tmp_path):
    import torch
    from base import write, write_transparency
    from diffusers import UNet2DConditionModel
    from plan import Places, UnetSettings, VaeSettings

    from animelayers.models.see_through import loading

    network = {"block_out_channels": [16] * 2 + [8] * 5, "layers_per_block": 1, "encoder_channels": [8] * 4}
    study = SimpleNamespace(
        unet=UnetSettings(widths=(24, 32), head=8, groups=4, words=(2, 8)),
        vae=VaeSettings(side=64),
        transparency=SimpleNamespace(network=network),
    )
    places = Places(tmp_path)
    write(study, places)
    write_transparency(study, places)
    unet = UNet2DConditionModel.from_pretrained(places.base / "unet").eval()
    noise = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    added = {"text_embeds": torch.randn(2, 8), "time_ids": torch.zeros(2, 6)}
    with torch.no_grad():
        said = unet(noise, 999, torch.randn(2, 2, 8), added_cond_kwargs=added).sample
    assert float((said - noise).square().mean()) < 1e-4
    decoder = loading.load_transparency(places.transparency_base, torch.device("cpu"))
    pixels = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        alpha, *colours = decoder(pixels, torch.randn(1, 4, 8, 8))[0]
    assert torch.allclose(torch.stack(colours), pixels[0], atol=1e-2)
    assert not alpha.any()


# --- what is measured


def page(**parts):
    """All tags on a page of 32 px: a box of a colour for some, nothing for the others."""
    out = {tag: np.zeros((32, 32, 4), np.uint8) for tag in PART_LABELS}
    for tag, (top, left, bottom, right) in parts.items():
        out[tag.replace("_", " ")][top:bottom, left:right] = (200, 100, 50, 255)
    return out


def test_scores_of_layers_are_what_they_say(diffusion):
    from scores import LAYERS, PUBLISHED, layer_scores

    true = page(face=(4, 4, 20, 20), mouth=(12, 8, 16, 14), front_hair=(0, 0, 8, 32))
    same = layer_scores(true, true, 32)
    assert same.keys() == {*LAYERS, *PUBLISHED}
    assert (same["mask.dice"], same["mask.mse"], same["page.psnr"], same["page.ssim"]) == (1, 0, 100, pytest.approx(1))
    assert (same["empty.missed"], same["empty.invented"]) == (0, 0)
    made = page(face=(4, 4, 20, 12), nose=(8, 8, 12, 12), front_hair=(0, 0, 8, 32))
    found = layer_scores(true, made, 32)
    assert found["mask.dice"] == pytest.approx((2 * 128 / (128 + 256) + 0 + 1) / 3)
    assert found["mask.mse"] == pytest.approx((128 + 24 + 16) / 32**2 / 23)
    assert found["empty.missed"] == pytest.approx(1 / 3)
    assert found["empty.invented"] == pytest.approx(1 / 20)
    assert found["see_through.mask_dice"] > same["see_through.mask_dice"]


def test_dust_is_neither_missed_nor_invented(diffusion):
    from scores import layer_scores

    true = page(face=(4, 4, 20, 20), mouth=(0, 0, 1, 5))
    made = page(face=(4, 4, 20, 20), nose=(0, 0, 1, 5))
    found = layer_scores(true, made, 32)
    assert (found["empty.missed"], found["empty.invented"]) == (0, 0)


@pytest.mark.parametrize("stage", ["parts", "depth"])
def test_frames_are_kept_apart_only_as_long_as_they_should(diffusion, stage):
    import torch
    from base import sizes
    from diffusers import UNet2DConditionModel
    from plan import UnetSettings
    from trainings import depth_start, each_for_itself, parts_start

    from animelayers.models.see_through.unet import part_axis_parameters, with_part_axis
    from animelayers.training.parts.networks import Together

    torch.manual_seed(0)
    start = parts_start if stage == "parts" else depth_start
    told = sizes(UnetSettings(widths=(8, 8), head=8, groups=4, words=(1, 8)), 64, 8)
    unet = with_part_axis(UNet2DConditionModel(**told))
    network = Together(unet) if stage == "parts" else unet
    before = start.choose
    with each_for_itself(start):
        start.choose(network, "all")
        assert not any(weight.requires_grad for weight in part_axis_parameters(unet))
        assert unet.conv_in.weight.requires_grad
    assert start.choose is before


# --- all of it


STUDY = """
seeds = [0]
precision = "float32"
art = { size = [96, 64], learnt = 2, held_out = 1, watched = 1 }
[vae]
side = 64
widths = [8, 8, 16, 16]
groups = 1
crop = 32
squares = 4
steps = 2
optimiser = { batch = 2, warm_up = 0 }
report = { held_out = 2, preview = 0 }
[unet]
widths = [16, 16]
head = 8
groups = 4
words = [2, 8]
[transparency]
config = "configs/study/parts-transparency.toml"
changes = [FEW, "data.crop=64"]
network = { block_out_channels = [8, 8, 8, 8, 8, 8, 8], layers_per_block = 1, encoder_channels = [4, 4, 4, 4] }
[stage_1]
config = "configs/study/parts-stage-1.toml"
changes = [FEW]
[stage_2]
config = "configs/study/parts-stage-2.toml"
changes = [FEW]
[stage_2.variants.part-axis]
[stage_2.variants.without]
part_axis = false
[depth_1]
config = "configs/study/parts-depth-1.toml"
changes = [FEW]
[depth_2]
config = "configs/study/parts-depth-2.toml"
changes = [FEW]
[depth_2.variants.part-axis]
[depth_2.variants.without]
part_axis = false
[measure]
steps = 2
square = 32
sheets = 1
"""
FEW = '"steps=2", "optimiser.batch=2", "optimiser.warm_up=0", "report.held_out=1", "report.preview=0"'


@pytest.fixture
def study(tmp_path, monkeypatch, diffusion):
    """Calls the command; the artist draws ellipses."""
    from studies import art

    monkeypatch.setattr(art, "sets", lambda _: SETS)
    monkeypatch.setattr(art, "drawn", lambda seed, size: sample(f"{seed:08d}", seed=seed, size=size))
    return command("parts_study", STUDY.replace("FEW", FEW), tmp_path / "parts.md")


def test_from_the_first_part_to_the_page(study, tmp_path):
    """In several calls, each of which leaves off at once: it goes on until the last run is measured."""
    from safetensors.torch import load_file

    calls, folder = 0, tmp_path / "study"
    while not (folder / "measured" / "flow" / "without-0.json").exists():
        assert study("--hours", "1e-9") == 0
        calls += 1
        assert calls < 40
    assert calls > 10, "it leaves off after every drawing, every step and every measuring"
    text = (tmp_path / "parts.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    for kind in ("layers", "depth", "flow"):
        names = {path.stem for path in (folder / "measured" / kind).glob("*.json")}
        assert names >= {"part-axis-0", "without-0"}
    rows = [line for line in text.splitlines() if line.startswith("| `part-axis` | 1 |")]
    assert len(rows) == 6
    assert "*true parts through the autoencoders*" in text
    assert text.count("*stage 1, one part at a time*") == 5
    for name in ("curves", "depth-curves", "layers", "depth-part-axis", "depth-without"):
        assert (tmp_path / f"parts-{name}.png").stat().st_size > 500
        assert f"](parts-{name}.png)" in text

    for where in ("runs", "depth-runs"):
        for variant in ("part-axis", "without"):
            unet = load_file(folder / where / f"{variant}-0" / "unet" / "diffusion_pytorch_model.safetensors")
            blocks = [name for name in unet if "temporal_transformer_blocks" in name and ".ff.net.2." in name]
            assert blocks
            assert any(unet[name].any() for name in blocks) == (variant == "part-axis")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    assert study() == 0
    assert (tmp_path / "parts.md").read_text() == text, "nothing is done twice"
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")} == before


def test_another_study_is_not_spoilt(study, capsys):
    assert study("--stage", "art") == 0
    assert study("--stage", "art", "art.first=7") == 1
    assert "another study: art.first differ" in capsys.readouterr().err
    assert study("--stage", "art", "vae.kl=1e-4", "seeds=[3]") == 0, "that has not begun"


def test_stages_can_be_done_by_several_processes(study, tmp_path, capsys):
    assert study("--only", "art") == 0
    assert {path.name for path in (tmp_path / "study").iterdir()} == {"art", "study.json", "study.log"}
    assert study("--only", "transparency,depth") == 1, "there is no VAE"
    assert "error: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        study("--only", "art,stage-3")
    assert "unknown stages stage-3; there are art, vae" in capsys.readouterr().err


def test_the_study_that_is_kept_resolves(diffusion, tmp_path):
    """Every training of configs/study is one that could begin, and networks have the sizes that it says."""
    from base import sizes
    from diffusers import UNet2DConditionModel
    from plan import Places, Study
    from studies.session import Session
    from trainings import configured, depth_config, parts_config, transparency_config

    from animelayers.training import settings

    told = settings.load(Study, ROOT / "configs" / "study" / "parts.toml")
    places, session = Places(tmp_path), Session()
    begin = {"base.weights": tmp_path}
    for config, training in (
        (transparency_config, told.transparency),
        (parts_config, told.stage_1),
        (parts_config, told.stage_2),
        (depth_config, told.depth_1),
        (depth_config, told.depth_2),
    ):
        made = configured(config, told, places, session, training, begin, seed=3)
        assert (made.seed, made.data.side, made.device) == (3, 128, "cpu")
        assert made.data.held_out_path == places.art("watched")
    module = told.stage_2.variants["module"].changes
    assert configured(parts_config, told, places, session, told.stage_2, begin, 0, module).trained == "part-axis"
    assert list(told.runs(told.stage_2))[:4] == [("part-axis", 0), ("without", 0), ("module", 0), ("part-axis", 1)]
    import torch

    with torch.device("meta"):
        unet = UNet2DConditionModel(**sizes(told.unet, told.vae.side, 12))
    assert 10e6 < sum(weight.numel() for weight in unet.parameters()) < 12e6


def test_figures_are_kept_where_the_page_looks_for_them(diffusion, tmp_path):
    import page as writer
    from plan import Places, Study

    from animelayers.training import settings

    told = settings.load(Study, ROOT / "configs" / "study" / "parts.toml", ["seeds=[0, 1]"])
    places = Places(tmp_path / "study")
    for name, values in {"part-axis-0": (0.6, 0.7), "part-axis-1": (0.7, 0.8), "without-0": (0.5, 0.5)}.items():
        figures = {str(told.measure.steps): {str(number): {"mask.dice": value} for number, value in enumerate(values)}}
        path = places.layers / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures))
    writer.write(told, places, tmp_path / "parts.md")
    text = (tmp_path / "parts.md").read_text()
    assert "| `part-axis` | 2 | 0.700 ± 0.071 | – |" in text
    assert "| `without` | 1 | -0.1500 | – |" in text
