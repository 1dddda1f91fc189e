"""Writes `docs/contact-sheet.png`, every picture of `examples/` in its rendering layers, and `docs/parts-sheet.png`.

python docs/contact_sheet.py [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from animelayers import decompose, load_picture
from animelayers.handoff.sheet import render_sheet
from animelayers.models.registry import Mode

DOCS = Path(__file__).parent
EXAMPLES = sorted((DOCS.parent / "examples").glob("*.png"))
WIDTH = 1600


def main(model: str | None = None) -> None:
    """The rows of rendering layers below one another; the parts of one picture."""
    rows = [sheet(path, "rendering", model) for path in EXAMPLES]
    page = Image.new("RGB", (WIDTH, sum(row.height for row in rows)))
    top = 0
    for row in rows:
        page.paste(row, (0, top))
        top += row.height
    page.save(DOCS / "contact-sheet.png", optimize=True)
    sheet(EXAMPLES[0], "parts", model).save(DOCS / "parts-sheet.png", optimize=True)


def sheet(path: Path, mode: Mode, model: str | None) -> Image.Image:
    """One sheet, of the page's width."""
    picture = load_picture(path)
    whole = render_sheet(decompose(picture, mode, model), picture.rgba)
    return whole.resize((WIDTH, round(whole.height * WIDTH / whole.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(*sys.argv[1:])
