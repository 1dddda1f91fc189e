"""The card of a set, `README.md`: what the hub shows, and what a person reads before using it."""

from __future__ import annotations

from collections import Counter

from animelayers.data.sets import SetManifest

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""The hub's own classes; a larger set is `n>1M`."""

_BODY = """\
## What is in it

{samples} pictures of at most {width} × {height} px, each taken apart: {pieces} pieces in draw order, complete behind
what covers them, {cells} of them with rendering layers (flat, shadow, highlight, line) of their own.

| column | what |
|---|---|
| `id`, `height`, `width`, `licence` | name; size in pixels; SPDX identifier |
| `manifest` | everything that is not pixels, as JSON: names, places, blend modes, keypoints, attributes |
| `picture` | the picture, transparent around |
| `image` | the same on a background, as a camera and a codec left it |
| `depth` | 16-bit grey, larger is nearer |
| `visible` | 8-bit grey, the label of the part on top |
| `rendering` | flat, shadow, highlight and line of the whole picture |
| `parts` | the pieces, bottom to top, cut to their tight boxes |
| `cells` | the rendering layers of every piece |

```python
from datasets import load_dataset

rows = load_dataset("parquet", data_dir="{name}", split="train", streaming=True)
```

```python
from animelayers.data.hub import read_parquet

for sample in read_parquet("{name}"):
    print(sample.id, sample.parts.names)
```

## Licences

| licence | holder | samples |
|---|---|---|
{licences}

`set.json` lists them with their sources, the `manifest` of every row has its own.

Made by {generator}{command}.
"""


def card(made: SetManifest, description: str) -> str:
    """Markdown, with the front matter that the hub reads."""
    holders: Counter[tuple[str, str]] = Counter()
    for row in made.licences:
        holders[row.spdx, row.holder] += row.samples
    table = "\n".join(f"| {_cell(spdx)} | {_cell(holder)} | {n} |" for (spdx, holder), n in holders.items())
    body = _BODY.format(
        name=made.name,
        samples=made.samples,
        height=made.largest[0],
        width=made.largest[1],
        pieces=made.pieces,
        cells=made.cells,
        licences=table,
        generator=made.generator,
        command=f": `{made.command}`" if made.command else "",
    )
    head = f"# {made.name}\n\n" + (f"{description.strip()}\n\n" if description.strip() else "")
    return f"{_front_matter(made)}\n{head}{body}"


def _front_matter(made: SetManifest) -> str:
    spdx = sorted({row.spdx for row in made.licences})
    # The hub's identifiers are SPDX's in lower case; what has none there is `other`.
    licences = sorted({"other" if name.startswith("LicenseRef-") else name.lower() for name in spdx})
    size = next((label for limit, label in _SIZES if made.samples < limit), "n>1M")
    lines = ["license:", *(f"- {name}" for name in licences), "size_categories:", f"- {size}"]
    lines += ["task_categories:", "- image-segmentation", "tags:", "- anime", "- layers"]
    lines += [
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        "    path: data/train-*.parquet",
    ]
    return "\n".join(["---", *lines, "---"]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
