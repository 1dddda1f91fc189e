"""The benchmark of rendering layers in benchmarks/gpu, every row of it with toys on a CPU."""

from __future__ import annotations

import json
import math

import pytest
from studying import measured_twice, modules

pytestmark = pytest.mark.usefixtures("diffusion")

FRAMES = 5
"""Four layers and the condition."""


@pytest.fixture(scope="module", autouse=True)
def _modules():
    with pytest.MonkeyPatch.context() as patched, modules("gpu", patched):
        yield


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """What two calls leave behind: all rows but one, and that one; nothing is compiled, which takes minutes."""
    import rendering

    folder = tmp_path_factory.mktemp("run")
    told = ["--tiny", "--size", "64x48", "--steps", "10", "--repeat", "1", "--taught", "2"]
    compiled = measured_twice(rendering, told, "first-block", folder)
    assert len(compiled) == sum("compile" in name for name in rendering.NAMES)
    return folder


@pytest.fixture(scope="module")
def records(out):
    import call

    return {each["row"]: each for each in call.merged([out / name / "rendering.json" for name in "ab"])}


def test_every_row_runs(records):
    import rendering

    assert sorted(records) == sorted(rendering.NAMES)
    for name in (name for name in records if "nf4" not in name):
        assert not records[name]["failed"], name
        taught = name.startswith("teach")
        assert set(records[name]["stages"]) == ({"step"} if taught else {"encode", "sample", "decode"}), name
    assert len(records["teach-bf16"]["stages"]["step"]["seconds"]) == 2


def test_what_is_the_same_work_gives_the_same(records):
    assert records["again"]["deviation"] == {"relative": 0.0, "max": 0.0}
    for name in ("float32", "offload", "4-pictures"):
        assert records[name]["deviation"]["relative"] < 1e-5, name


def test_what_is_other_work_does_not(records):
    for name in ("fp8", "taylor-seer"):
        assert 1e-4 < records[name]["deviation"]["relative"] < 0.5, name
    assert not records["composite"]["deviation"], "it has other frames"


def test_the_published_geometry_is_that_of_the_checkpoint():
    import rendering_networks as networks

    made = networks.outline(networks.published())
    assert round(sum(weight.numel() for weight in made.parameters()) / 1e8) == 204
    spec = networks.spec(made, (1152, 768))
    assert (spec.blocks, spec.width) == (60, 3072)


def test_sums_of_a_step_in_closed_form(torch):
    """Those of linear layers: attention is counted on a card alone."""
    import meter
    import rendering_networks as networks

    from animelayers.models.qwen_layered import denoise

    geometry = networks.toys()
    made = networks.transformer(geometry, "bf16", torch.device("cpu"))
    frames = networks.spec(made, (64, 48)).frames
    start = denoise.noise([0], (4, 8, 8, 6), torch.device("cpu"))
    words = networks.words(geometry, torch.device("cpu"))
    given = made, networks.scheduler(), start[:, 0], words, frames, start
    found = meter.counted(lambda: denoise.denoised(*given, steps=1))["tflop"] * 1e12
    image, text, width = FRAMES * 4 * 3, 5, 32
    blocks = geometry.transformer["num_layers"]
    each = (image + text) * (4 + 8) * width**2 + 2 * 6 * width**2  # attention and MLP; modulation
    ends = image * width * 32 * 2 + text * 16 * width + 256 * width + width**2 + 2 * width**2
    assert found == 2 * (blocks * each + ends)


def test_records_become_the_generated_part_of_the_page(out, records, tmp_path):
    import rendering
    import rendering_tables as tables

    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{tables.BEGIN}\nstale figures\n<!-- end of what is generated -->\n\nafter\n", "utf-8")
    files = [str(out / name / "rendering.json") for name in "ab"]
    assert rendering.main(["--table", *files, "--page", str(page)]) == 0
    text = page.read_text("utf-8")
    assert text.startswith("# Before\n")
    assert text.endswith("\n\nafter\n")
    assert "stale figures" not in text
    for name in records:
        assert f"| `{name}`" in text
    assert "a step of layers at 64 × 48 px" in (out / "b" / "log.txt").read_text("utf-8")


def test_what_gives_no_numbers_fails_and_leaves_the_others(tmp_path, monkeypatch, torch):
    from animelayers.models.qwen_layered import denoise

    right = denoise.denoised
    given = iter([math.nan, 1.0])
    monkeypatch.setattr(denoise, "denoised", lambda *words, **more: right(*words, **more) * factor(given))

    def factor(values):
        return next(values, 1.0)

    import rendering

    monkeypatch.setattr("rendering_rows.counted_steps", lambda *_: {})
    told = ["--tiny", "--size", "64x48", "--steps", "1", "--repeat", "1", "--only", "again", "--out", str(tmp_path)]
    assert rendering.main(told) == 1
    rows = json.loads((tmp_path / "rendering.json").read_text("utf-8"))
    assert [(each["row"], each["failed"]) for each in rows] == [("bf16", "the model gave no numbers"), ("again", "")]
    assert not rows[1]["deviation"]
