"""One HTML file that holds everything: a template, its style, its script and their data.

The page asks for nothing outside itself, and its Content Security Policy names the one script and the one style by
hash, so nothing else can run, whatever a layer, a model or a sample is called.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources
from typing import Any


def webpage(package: str, name: str, *, title: str, data: Any) -> bytes:
    """The page from `NAME.html`, `NAME.css` and `NAME.js` in `package`, with `data` as JSON for the script, UTF-8.

    The template places `@title@`, `@policy@`, `@style@`, `@data@` and `@script@`.
    """
    template, style, script = (
        resources.files(package).joinpath(f"{name}.{suffix}").read_text("utf-8") for suffix in ("html", "css", "js")
    )
    values = {
        "title": html.escape(title),
        "policy": f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        "style": style,
        "script": script,
        "data": _json(data),
    }
    text = re.sub(r"@(title|policy|style|script|data)@", lambda found: values[found[1]], template)
    # A name from a foreign file may hold half a surrogate pair, which UTF-8 cannot.
    return text.encode("utf-8", "replace")


def _hash(text: str) -> str:
    """The CSP source expression that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: Any) -> str:
    """JSON that is safe inside a script element: it can neither close it nor open a comment."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
