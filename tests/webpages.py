"""What holds for every page that this package writes: it asks for nothing, and only its own script runs."""

from __future__ import annotations

import base64
import hashlib
import re


def assert_points_nowhere(text: str) -> None:
    """No address, no link, no request in the text of a page."""
    assert not re.findall(r"(?:https?:)?//[\w.-]+\.\w", text)
    assert not re.findall(r"""(?:src|href|action)\s*=\s*["'](?!data:|#)""", text)
    assert not re.findall(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import\(", text)


def assert_policy_by_hash(text: str) -> None:
    """The policy allows the one script and the one style of the page, by their hash."""
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.findall(r"\s(?:style|on\w+)=\"", text), "inline attributes would not run"
