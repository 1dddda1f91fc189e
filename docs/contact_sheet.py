"""Writes `docs/contact-sheet.png`: every picture of `examples/` taken apart by the default model, one row each.

python docs/contact_sheet.py [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from animelayers import decompose, load_picture
from animelayers.handoff.sheet import render_sheet

DOCS = Path(__file__).parent
WIDTH = 1600


def main(model: str | None = None) -> None:
    """One sheet a picture, reduced to the page's width, below one another."""
    rows = []
    for path in sorted((DOCS.parent / "examples").glob("*.png")):
        picture = load_picture(path)
        sheet = render_sheet(decompose(picture, model=model), picture.rgba)
        rows.append(sheet.resize((WIDTH, round(sheet.height * WIDTH / sheet.width)), Image.Resampling.LANCZOS))
    page = Image.new("RGB", (WIDTH, sum(row.height for row in rows)))
    top = 0
    for row in rows:
        page.paste(row, (0, top))
        top += row.height
    page.save(DOCS / "contact-sheet.png", optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
