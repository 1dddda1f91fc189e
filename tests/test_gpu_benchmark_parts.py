"""The benchmark of benchmarks/gpu, every row of it with toys on a CPU."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from studying import measured_twice, modules

pytestmark = pytest.mark.usefixtures("diffusion")

DROPPED = 8
"""Of 24 frames."""


@pytest.fixture(scope="module", autouse=True)
def _modules():
    with pytest.MonkeyPatch.context() as patched, modules("gpu", patched):
        yield


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """What two calls leave behind: all rows but one, and that one; nothing is compiled, which takes minutes."""
    import parts

    folder = tmp_path_factory.mktemp("run")
    compiled = measured_twice(parts, ["--tiny", "--size", "64", "--steps", "3", "--repeat", "1"], "ode", folder)
    assert [unet.config.in_channels for unet in compiled] == 2 * [8, 12]
    return folder


@pytest.fixture(scope="module")
def records(out):
    import call

    return {each["row"]: each for each in call.merged([out / "a" / "parts.json", out / "b" / "parts.json"])}


def test_every_row_runs(records):
    import parts

    assert sorted(records) == sorted(parts.NAMES)
    packed = {name for name in records if "nf4" in name}
    for name in set(records) - packed:
        assert not records[name]["failed"], name
        assert {"body", "head", "decode", "depth"} <= set(records[name]["stages"]), name
        assert ("files" in records[name]["stages"]) == (name in ("plain", "floor"))


def test_what_is_the_same_work_gives_the_same(records):
    assert records["again"]["deviation"]["latents_max"] == 0
    for name in ("plain", "floor", "float32", "offload"):
        off = records[name]["deviation"]
        assert off["latents_max"] <= 1e-4, name
        assert off["layers_max"] <= 1, name
        assert off["depth_mean"] <= 1e-3, name


def test_what_is_other_work_does_not(records):
    for name in ("ode", "drop-absent", "reuse", "fp8"):
        assert records[name]["deviation"]["latents_relative"] > 1e-3, name


def test_frames_that_are_absent_are_dropped_after_a_fifth_of_the_steps():
    import parts_flow as flow
    import parts_networks as networks
    import torch

    from animelayers.models.see_through.conditioning import PASSES

    row = next(each for each in flow.ROWS if each.name == "drop-absent")
    way = flow.Flow(row, np.full((40, 30, 4), 200, np.uint8), 64, 6)
    made = networks.parts(networks.toys(), "bf16", torch.device("cpu"))
    counts: list[int] = []
    made.unet.register_forward_pre_hook(lambda _, given: counts.append(given[0].shape[1]))
    found = [way.latents(made, which) for which in (0, 1)]
    assert counts == [13] + 5 * [9] + [11] + 5 * [7]
    left = {each.tags[row] for each, about in zip(PASSES["v3"], found, strict=True) for row in about.rows}
    assert left == set(networks.TAGS) - flow.ABSENT
    assert len(flow.ABSENT) == DROPPED


def test_sums_and_traffic_are_counted_in_closed_form(torch):
    import meter

    a, b = torch.ones(4, 8), torch.ones(8, 16)
    found = meter.counted(lambda: (a @ b).view(-1))
    assert found["tflop"] == pytest.approx(2 * 4 * 8 * 16 / 1e12)
    assert found["moved"] == pytest.approx(4 * (4 * 8 + 8 * 16 + 4 * 16) / 1e9)


def test_deviation_in_closed_form(torch):
    import parts_flow as flow

    def made(latent, level, far):
        rgba = np.full((2, 2, 4), 255, np.uint8)
        rgba[..., 0] = level
        return flow.Results({"face": torch.full((1, 2, 2), latent)}, {"face": rgba}, {"face": np.float32([[far]])})

    off = flow.deviation(made(1.1, 250, 0.5), made(1.0, 255, 0.25))
    assert off["latents_relative"] == pytest.approx(0.1, rel=1e-5)
    assert off["layers_max"] == 5
    assert off["layers_mean"] == pytest.approx(5 / 4)
    assert off["layers_psnr"] == pytest.approx(10 * math.log10(255**2 / (25 / 4)))
    assert off["depth_mean"] == pytest.approx(0.25)
    assert flow.deviation(made(1.0, 255, 0.5), made(1.0, 255, 0.5))["layers_psnr"] is None


def test_the_published_geometry_is_that_of_the_checkpoints():
    import parts_networks as networks

    size = networks.published()
    for config, millions in ((size.parts, 4071), (size.depth, 1213)):
        unet = networks.outline(config)
        assert round(sum(weight.numel() for weight in unet.parameters()) / 1e6) == millions


def test_weights_are_seeded_of_unit_gain_and_where_they_were_wanted(torch):
    import parts_networks as networks

    device = torch.device("cpu")
    one, other = (networks.depth(networks.toys(), "bf16", device).unet for _ in range(2))
    for (name, weight), same in zip(one.named_parameters(), other.parameters(), strict=True):
        assert weight.equal(same), name
        assert not weight.requires_grad
    wide = one.down_blocks[1].resnets[0].conv1.weight
    assert float(wide.std()) == pytest.approx(wide[0].numel() ** -0.5, rel=0.1)
    assert one.conv_norm_out.weight.eq(1).all()


def test_records_merge_and_become_the_generated_part_of_the_page(out, records, tmp_path, capsys):
    import parts
    import parts_tables as tables

    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{tables.BEGIN}\nstale figures\n<!-- end of what is generated -->\n\nafter\n", "utf-8")
    files = [str(out / name / "parts.json") for name in "ab"]
    assert parts.main(["--table", *files, "--page", str(page)]) == 0
    text = page.read_text("utf-8")
    assert text.startswith("# Before\n")
    assert text.endswith("\n\nafter\n")
    assert "stale figures" not in text
    for name in records:
        assert f"| `{name}`" in text
    assert parts.main(["--table", *files, "--page", str(page)]) == 0
    assert page.read_text("utf-8") == text
    assert "exact at 64 px, a step of the body" in (out / "b" / "log.txt").read_text("utf-8")

    broken = tmp_path / "parts.json"
    broken.write_text("{", "utf-8")
    capsys.readouterr()
    assert parts.main(["--table", str(broken), "--page", str(page)]) == 1
    assert str(broken) in capsys.readouterr().err
    page.write_text("no marks", "utf-8")
    assert parts.main(["--table", *files, "--page", str(page)]) == 1


def test_a_row_that_fails_leaves_the_others(tmp_path, monkeypatch):
    import parts
    import parts_flow as flow

    def fails(self, made, found):
        raise MemoryError("no room | at all")

    monkeypatch.setattr(flow.Flow, "layers", fails)
    told = ["--tiny", "--size", "64", "--steps", "1", "--repeat", "1", "--only", "reuse", "--out", str(tmp_path)]
    assert parts.main(told) == 1
    rows = json.loads((tmp_path / "parts.json").read_text("utf-8"))
    assert [(each["row"], each["failed"]) for each in rows] == [
        ("exact", "no room / at all"),
        ("reuse", "no room / at all"),
    ]
    assert list(rows[1]["stages"]) == ["body", "head"]


def test_a_card_is_known_by_its_name():
    import meter

    assert meter.peaks("NVIDIA H200") == (989, 4.8)
    assert meter.peaks("NVIDIA H100 80GB HBM3") == (989, 3.35)
    assert meter.peaks("toys on a CPU") is None
