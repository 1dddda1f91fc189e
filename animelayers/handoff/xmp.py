"""The XMP packet of a layered file: which program and model made it, from what; and the names it hides.

Minimal and without dates, so that the same stack gives the same bytes.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from xml.sax.saxutils import quoteattr

from animelayers import __version__
from animelayers.stack import Provenance

NAMESPACE = "urn:animelayers:1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
MAX_BYTES = 1 << 22
"""A longer packet is not read."""


def packet(provenance: Provenance | None, renamed: Mapping[int, tuple[str, str]]) -> bytes:
    """The packet as UTF-8.

    Args:
        provenance: how the stack was made.
        renamed: `{layer id: (shown name, canonical name)}` where the second cannot be told from the first.
    """
    attributes = {"xmp:CreatorTool": f"animelayers {__version__}"}
    if provenance is not None:
        attributes["animelayers:Provenance"] = _json(provenance.as_dict())
    if renamed:
        attributes["animelayers:Names"] = _json({str(key): list(value) for key, value in renamed.items()})
    text = "".join(f"\n   {key}={quoteattr(value)}" for key, value in attributes.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f' <rdf:RDF xmlns:rdf="{_RDF}">\n'
        f'  <rdf:Description rdf:about="" xmlns:xmp="{_XMP}" xmlns:animelayers="{NAMESPACE}"{text}/>\n'
        " </rdf:RDF>\n"
        "</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()


def read_packet(xmp: bytes) -> tuple[Provenance | None, dict[int, tuple[str, str]]]:
    """Provenance and renamed layers of a packet that this package wrote, possibly saved again by another program.

    Whatever is missing, foreign or damaged reads as not there: a PSD is no worse for a strange XMP packet.
    """
    found = _properties(xmp)
    names = _object(found.get("Names", ""))
    renamed = {
        int(key): (value[0], value[1])
        for key, value in names.items()
        if key.isdecimal()
        and isinstance(value, list)
        and len(value) == 2
        and all(isinstance(v, str) and v for v in value)
    }
    return read_provenance(found.get("Provenance", "")), renamed


def _properties(xmp: bytes) -> dict[str, str]:
    """Our own properties, whether written as attributes or, as Adobe's programs rewrite them, as elements."""
    if len(xmp) > MAX_BYTES or b"<!" in xmp or NAMESPACE.encode() not in xmp:  # <! : no DTD, so no entities
        return {}
    try:
        root = ET.fromstring(xmp.strip(b"\0 \n"))
    except (ET.ParseError, ValueError, LookupError):
        return {}
    prefix = f"{{{NAMESPACE}}}"
    found = {}
    for element in root.iter():
        pairs = [*element.attrib.items(), (str(element.tag), element.text or "")]
        found.update({key.removeprefix(prefix): value for key, value in pairs if key.startswith(prefix)})
    return found


def read_provenance(text: str) -> Provenance | None:
    """The provenance that `Provenance.as_dict` wrote as JSON; None for anything else."""
    values = _object(text)
    kinds = {"seed": int, "options": dict}
    known = {f.name: values[f.name] for f in fields(Provenance) if f.name in values}
    if not {"mode", "model", "version"} <= set(known):
        return None
    if not all(isinstance(value, kinds.get(key, str)) for key, value in known.items()):
        return None
    return Provenance(**known)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
