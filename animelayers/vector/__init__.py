"""Pictures as shapes: colours → labels → layered shapes → curves, and the SVG text of them."""

from __future__ import annotations

from typing import Literal

Engine = Literal["trace", "vtracer", "potrace"]
"""Ways to trace a picture (`engines.traced`): ours, a Python package, a program."""
