"""The validator: silent about sound samples, and for every rule a sample that breaks it alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawing import ROOT, run
from samples import sample

from animelayers.composite import flatten
from animelayers.data.check import Finding, check_sample, check_set, format_report
from animelayers.data.edges import FAINT, darkening, premultiplication
from animelayers.data.findings import PREMULTIPLIED
from animelayers.data.folder import save_sample
from animelayers.data.rules import RULES, as_markdown
from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.data.sets import save_set
from animelayers.errors import DataError
from animelayers.handoff.rules import Severity
from animelayers.stack import Blend, Layer, LayerStack, Rgba

GOOD = sample()


def pieces(made: Sample, change: Callable[[Layer], Layer | None], **others: object) -> Sample:
    """With other pieces, and picture, map and cells made to fit; a piece of a new name takes its cells along."""
    assert made.parts is not None
    pairs = [(layer, change(layer)) for layer in made.parts]
    parts = made.parts.replace(layers=tuple(new for _, new in pairs if new is not None))
    cells = {new.name: made.cells[old.name] for old, new in pairs if new is not None and old.name in made.cells}
    picture = flatten(parts)
    plain = LayerStack(
        *made.size, tuple(_slot(made, slot, picture) for slot in ("flat", "shadow", "highlight", "line"))
    )
    facts = {"parts": parts, "picture": picture, "visible": visible_map(parts), "depth": None, "rendering": plain}
    return made.replace(**{**facts, "cells": cells, **others})


def _slot(made: Sample, slot: str, picture: Rgba) -> Layer:
    assert made.rendering is not None
    return made.rendering[slot].replace(rgba=picture if slot == "flat" else np.zeros((1, 1, 4), np.uint8))


def named(piece: str, **changes: object) -> Callable[[Layer], Layer]:
    return lambda layer: layer.replace(**changes) if layer.name == piece else layer


def without(*names: str) -> Callable[[Layer], Layer | None]:
    return lambda layer: None if layer.name in names else layer


def stack_with(stack: LayerStack | None, name: str, change: Callable[[Rgba], Rgba]) -> LayerStack:
    assert stack is not None
    return stack.replace(layers=tuple(x.replace(rgba=change(x.rgba)) if x.name == name else x for x in stack))


def painted(rgba: Rgba) -> Rgba:
    """A spot of another colour where it is opaque."""
    out = rgba.copy()
    y, x = np.argwhere(rgba[..., 3] == 255)[len(rgba) // 2]
    out[y, x, :3] ^= 64
    return out


def thinner(rgba: Rgba) -> Rgba:
    out = rgba.copy()
    y, x = np.argwhere(rgba[..., 3] == 255)[0]
    out[y, x, 3] = 200
    return out


def premultiplied(rgba: Rgba) -> Rgba:
    out = rgba.copy()
    out[..., :3] = np.round(rgba[..., :3] * (rgba[..., 3:] / 255))
    return out


def cells_with(piece: str, stack: LayerStack | None) -> dict[str, LayerStack]:
    return {**GOOD.cells, piece: stack} if stack is not None else {k: v for k, v in GOOD.cells.items() if k != piece}


def shuffled(stack: LayerStack | None) -> LayerStack:
    assert stack is not None
    flat, shadow, highlight, line = stack
    return stack.replace(layers=(flat, highlight, shadow, line))


def squashed(made: Sample) -> Sample:
    """A large figure whose topwear and its cells were premultiplied."""
    assert made.parts is not None
    cell = stack_with(made.cells["topwear"], "flat", premultiplied)
    return pieces(made, named("topwear", rgba=flatten(cell)), cells={**made.cells, "topwear": cell})


assert GOOD.depth is not None
assert GOOD.visible is not None
FACE = GOOD.cells["face"]
BROKEN: dict[str, tuple[Sample, str, str]] = {
    "licence": (GOOD.replace(licence=Licence("free for all")), "", "no SPDX identifier"),
    "unknown-tag": (pieces(GOOD, named("mouth", name="beak")), "beak", "no part tag"),
    "piece-blend": (pieces(GOOD, named("mouth", blend=Blend.MULTIPLY)), "mouth", "multiply"),
    "empty-piece": (pieces(GOOD, named("mouth", top=-99)), "mouth", "outside the canvas"),
    "strata": (
        pieces(
            GOOD,
            lambda layer: layer.replace(
                name={"handwear-l-0": "handwear-l-1", "handwear-l-1": "handwear-l-0"}.get(layer.name, layer.name)
            ),
        ),
        "handwear-l-0",
        "lies below stratum 1",
    ),
    "parts-sum": (
        GOOD.replace(parts=stack_with(GOOD.parts, "front hair", painted), cells={}),
        "",
        "off by up to 64 levels, at 1 px",
    ),
    "slots": (GOOD.replace(rendering=shuffled(GOOD.rendering)), "rendering", "highlight (screen), shadow (multiply)"),
    "rendering-alpha": (
        pieces(GOOD, lambda layer: layer).replace(
            rendering=stack_with(pieces(GOOD, lambda layer: layer).rendering, "flat", thinner)
        ),
        "rendering",
        "by up to 55 levels, at 1 px",
    ),
    "rendering-sum": (
        pieces(GOOD, lambda layer: layer).replace(
            rendering=stack_with(pieces(GOOD, lambda layer: layer).rendering, "flat", painted)
        ),
        "rendering",
        "off by up to 64 levels, at 1 px",
    ),
    "cells-place": (GOOD.replace(cells={**GOOD.cells, "tail": FACE}), "cells/tail", "no such piece"),
    "cells-missing": (GOOD.replace(cells=cells_with("face", None)), "cells/face", "1 of 13 pieces"),
    "cells-sum": (
        GOOD.replace(cells=cells_with("face", stack_with(FACE, "flat", painted))),
        "cells/face",
        "levels, at 1 px",
    ),
    "visible-map": (
        GOOD.replace(visible=np.where(GOOD.visible == 4, 3, GOOD.visible).astype(np.uint8)),
        "visible",
        f"{np.count_nonzero(GOOD.visible == 4)} px",
    ),
    "depth": (GOOD.replace(depth=GOOD.depth + np.uint16(1)), "depth", "above 0 where nothing is"),
    "head-box": (GOOD.replace(head_box=(2, 6, 49, 34)), "", "the canvas 40 × 48 px"),
    "premultiplied": (squashed(sample(size=(192, 160))), "cells/topwear/flat", "goes with their alpha"),
    "eyewhite": (pieces(GOOD, without("eyewhite-l", "eyewhite-r")), "irides-l", "no eyewhite-l"),
    "side-pair": (pieces(GOOD, without("handwear-r-0")), "handwear-l", "no handwear-r"),
}
"""Rule → a sample that breaks it and nothing else, where, and words of what is said."""


def test_sound_samples_are_passed_in_silence() -> None:
    for made in (GOOD, sample(bare=True), GOOD.replace(parts=None, cells={}), sample(size=(192, 160))):
        assert check_sample(made) == ()
    assert check_sample(pieces(GOOD, lambda layer: layer)) == ()


@pytest.mark.parametrize("rule", BROKEN)
def test_every_rule_finds_what_it_looks_for_and_nothing_else(rule: str) -> None:
    made, layer, words = BROKEN[rule]
    found = check_sample(made)
    assert {finding.rule for finding in found} == {rule}
    assert layer in {finding.layer for finding in found}
    assert words in found[0].what
    assert found[0].sample == made.id
    wanted = next(entry for entry in RULES if entry.id == rule)
    assert {(finding.severity, finding.remedy) for finding in found} == {(wanted.severity, wanted.remedy)}


def test_every_rule_about_samples_has_a_test() -> None:
    assert set(BROKEN) == {rule.id for rule in RULES if rule.find is not None}
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("made", "rule", "words"),
    [
        (GOOD.replace(licence=Licence("CC-BY-4.0")), "licence", "wants its holder named"),
        (pieces(GOOD, named("mouth", rgba=np.zeros((3, 3, 4), np.uint8)), cells={}), "empty-piece", "no pixel"),
        (GOOD.replace(cells=cells_with("face", LayerStack(5, 5, FACE.layers))), "cells-place", "they are 5 × 5 px"),
        (GOOD.replace(cells=cells_with("face", FACE.replace(layers=FACE.layers[:2]))), "slots", "no highlight, line"),
        (
            GOOD.replace(depth=np.where(GOOD.depth > 30_000, 0, GOOD.depth).astype("u2")),
            "depth",
            "it is 0 on the figure",
        ),
    ],
)
def test_other_ways_to_break_a_rule(made: Sample, rule: str, words: str) -> None:
    found = next(finding for finding in check_sample(made) if finding.rule == rule)
    assert words in found.what


def test_one_level_is_rounding() -> None:
    def brighter(rgba: Rgba) -> Rgba:
        out = rgba.copy()
        out[..., :3] = np.where(rgba[..., 3:] == 255, np.minimum(rgba[..., :3], 254) + 1, rgba[..., :3])
        return out

    assert check_sample(GOOD.replace(picture=brighter(GOOD.picture), cells={})) == ()


# --- edges


def disc(slope: float, colour: tuple[int, int, int] = (200, 150, 90), outline: bool = False) -> Rgba:
    """A soft disc whose colour is `colour · (1 − slope · (1 − alpha))`; black inside its rim with `outline`."""
    y, x = np.mgrid[:64, :64] - 31.5
    distance = np.hypot(y, x)
    cover = np.clip(28 - distance, 0, 3) / 3
    alpha = np.round(cover * 255)
    rgb = np.array(colour) * (1 - slope * (1 - alpha[..., None] / 255))
    if outline:
        rgb = np.where(distance[..., None] > 24, (45, 30, 40), rgb)
    out = np.dstack([np.round(rgb), alpha]).astype(np.uint8)
    out[alpha == 0] = 0
    return out


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_the_slope_of_a_soft_edge_is_measured(slope: float) -> None:
    rgba = disc(slope)
    alpha = rgba[..., 3]
    mean = alpha[(alpha >= FAINT[0]) & (alpha < FAINT[1])].mean() / 255
    assert darkening(rgba) == pytest.approx(slope * mean / (1 - slope + slope * mean), abs=0.01)


def test_a_dark_outline_is_no_premultiplied_edge() -> None:
    assert abs(darkening(disc(0.0, outline=True))) < 0.01
    assert darkening(premultiplied(disc(0.0, outline=True))) > 0.9


def test_colour_brighter_than_its_alpha_was_not_multiplied_by_it() -> None:
    """A line so thin that its fill shows through darkens towards the rim as if it were; but no pixel sinks so far."""
    sinking = disc(0.8)
    assert darkening(sinking) > 0.5
    assert premultiplication(sinking) == 0.0
    assert premultiplication(disc(1.0)) == darkening(disc(1.0)) > 0.9


def test_where_there_is_too_little_to_judge_by_nothing_is_said() -> None:
    faint = disc(1.0)
    faint[..., 3] = faint[..., 3] // 2
    for rgba in (
        faint,
        disc(1.0)[:4],
        disc(1.0, (20, 20, 20)),
        np.zeros((0, 0, 4), np.uint8),
        np.zeros((5, 5, 4), "u1"),
    ):
        assert darkening(rgba) == 0.0


def test_drawn_pictures_are_straight(examples: list[Path]) -> None:
    from animelayers.picture import load_picture

    for path in examples:
        rgba = load_picture(path).rgba
        assert darkening(rgba) < PREMULTIPLIED - 0.15, path.name
        assert darkening(premultiplied(rgba)) > PREMULTIPLIED + 0.15, path.name


# --- sets


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    save_set([sample(f"s{i}", seed=i) for i in range(3)], tmp_path / "set", name="Mine", command="make it")
    return tmp_path / "set"


def rules_of(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_sound_set(jobs: int, stored: Path) -> None:
    steps = []
    report = check_set(stored, jobs=jobs, advance=lambda: steps.append(1))
    assert (report.ok, report.samples, report.findings, len(steps)) == (True, 3, (), 3)
    assert format_report(report) == f"{stored}: 3 samples\n\nnothing found"
    save_sample(sample("alone"), stored.parent / "alone")
    assert check_set(stored.parent / "alone").findings == ()


def test_what_cannot_be_read_is_a_finding_and_stops_nothing(stored: Path) -> None:
    (stored / "s1" / "parts" / "05-face.png").write_bytes(b"x")
    report = check_set(stored)
    assert not report.ok
    assert rules_of(report.findings) == ["unreadable"]
    assert report.findings[0].sample == "s1"
    assert "05-face.png is damaged" in report.findings[0].what


def test_a_set_is_compared_with_its_manifest(stored: Path) -> None:
    save_sample(sample("S0"), stored / "other")
    report = check_set(stored)
    assert rules_of(report.findings) == ["duplicate-id", "set-manifest", "set-manifest"]
    assert [finding.what for finding in report.findings] == [
        "2 samples are called so",
        "set.json counts 3 samples, there are 4",
        "set.json counts other licences than the samples have",
    ]
    (stored / "set.json").unlink()
    report = check_set(stored)
    assert rules_of(report.findings) == ["duplicate-id", "no-set-manifest"]


def test_findings_come_worst_first_and_long_lists_are_cut(tmp_path: Path) -> None:
    bad = [sample(f"s{i:02}", bare=True).replace(licence=Licence("?")) for i in range(25)]
    bad.append(BROKEN["side-pair"][0].replace(id="a"))
    save_set(bad, tmp_path / "set", name="x")
    report = check_set(tmp_path / "set", jobs=2)
    assert report.counts == {"error": 25, "warning": 0, "note": 1}
    assert [finding.severity for finding in report.findings] == [Severity.ERROR] * 25 + [Severity.NOTE]
    text = format_report(report)
    assert "25 errors\n  licence: set licence.spdx" in text
    assert "    and 5 more; --json lists them" in text
    assert "1 note\n  side-pair: fine if the pose hides it\n    a  handwear-l  there is no handwear-r" in text


def test_no_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        check_set(tmp_path / "nothing")


# --- the command line


def test_the_command_says_the_report(stored: Path, capsys) -> None:
    assert run(capsys, "data", "check", stored) == (0, f"{stored}: 3 samples\n\nnothing found\n", "")
    code, out, err = run(capsys, "data", "check", stored, "--json", "--jobs", "2")
    assert (code, err) == (0, "")
    counts = {"error": 0, "warning": 0, "note": 0}
    assert json.loads(out) == {"path": str(stored), "ok": True, "samples": 3, "counts": counts, "findings": []}


def test_the_command_fails_for_errors_and_not_for_warnings(stored: Path, capsys) -> None:
    (stored / "set.json").unlink()
    assert run(capsys, "data", "check", stored)[0] == 0
    (stored / "s1" / "picture.png").unlink()
    code, out, err = run(capsys, "data", "check", stored, "--json")
    assert (code, err) == (1, "")
    first = json.loads(out)["findings"][0]
    assert set(first) == {"rule", "severity", "sample", "layer", "what", "remedy"}
    assert (first["rule"], first["severity"], first["sample"]) == ("unreadable", "error", "s1")


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_command_line_that_cannot_be_obeyed(command: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("x")
    for words in ([tmp_path / "nothing"], [tmp_path / "file"], [], [tmp_path, "--frob"]):
        code, out, err = run(capsys, "data", command, *words)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
    code, _, err = run(capsys, "data", command, tmp_path)
    assert code == 1
    assert "holds no samples" in err
    assert "hint: " in err


def test_a_group_without_a_command_shows_its_help(capsys) -> None:
    code, out, _ = run(capsys, "data")
    assert code == 2
    assert "check" in out
    assert "show" in out


def test_show_prints_what_a_set_holds(stored: Path, capsys) -> None:
    save_sample(pieces(sample("s9", size=(96, 80)), named("mouth", name="beak"), image=None), stored / "s9")
    (stored / "s0" / "picture.png").unlink()  # pixels are not looked at
    code, out, err = run(capsys, "data", "show", stored)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{stored} (Mine): 4 samples"
    assert lines[1].endswith(": make it")
    for row in ("40 × 48 px 3", "80 × 96 px 1", "image 3 75%", "mouth 3 75%", "beak 1 25%", "face 4 100%"):
        assert row.split() in [line.split() for line in lines]
    code, out, _ = run(capsys, "data", "show", stored, "--json")
    facts = json.loads(out)
    assert (facts["samples"], facts["holds"]["image"], facts["tags"]["beak"]) == (4, 3, 1)
    assert list(facts["tags"])[-1] == "beak"
    assert facts["licences"] == [{"spdx": "Apache-2.0", "holder": "the animelayers authors", "samples": 4}]


def test_the_page_has_the_table() -> None:
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    assert as_markdown() in text, "put the output of animelayers.data.rules.as_markdown() into docs/data.md"
