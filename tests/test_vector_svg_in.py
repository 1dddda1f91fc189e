"""Reading SVG: what is in it, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from animelayers.errors import FormatError
from animelayers.vector.svg_in import MAX_DEPTH, MAX_ELEMENTS, read_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="10">'


def svg(body: str, head: str = "") -> bytes:
    return f"{head}{OPEN}{body}</svg>".encode()


def corners(file) -> list[list[list[float]]]:
    return [shape.curves[0][:, 0].tolist() for shape in file.shapes]


def test_sizes_in_their_units():
    assert (read_svg(svg("")).height, read_svg(svg("")).width) == (10, 20)
    plain = b'<svg xmlns="http://www.w3.org/2000/svg" %s/>'
    for written, size in (
        (b'width="1in" height="2.54cm"', (96, 96)),
        (b'viewBox="0 0 30 40"', (40, 30)),
        (b'width="100%" height="100%" viewBox="0 0 30 40"', (40, 30)),
    ):
        found = read_svg(plain % written)
        assert (found.height, found.width) == pytest.approx(size)


def test_shapes_stand_where_their_transforms_put_them():
    found = read_svg(
        svg(
            '<g transform="translate(3,4) scale(2)" fill="#123456" opacity=".5">'
            '<rect x="1" y="1" width="2" height="1" style="fill-opacity:.25"/></g>'
            '<polygon points="0,0 4,0 4,4" transform="rotate(90)"/><g transform="matrix(1 0 0 -1 0 9)">'
            '<path d="M0 0h1v1z"/></g>'
        )
    )
    assert [shape.kind for shape in found.shapes] == ["rect", "polygon", "path"]
    assert found.paths == 1
    assert found.drawn == 3
    assert corners(found)[0] == [[5, 6], [9, 6], [9, 8], [5, 8]]
    assert np.allclose(corners(found)[1], [[0, 0], [0, 4], [-4, 4]])
    assert corners(found)[2] == [[0, 9], [1, 9], [1, 8]]
    assert found.shapes[0].paint == {"fill": "#123456", "fill-opacity": ".25", "opacity": ""}


def test_round_shapes_are_round():
    circle, ellipse = read_svg(svg('<circle cx="5" cy="5" r="3"/><ellipse cx="9" cy="5" rx="2" ry="4"/>')).shapes
    for shape, radii, centre in ((circle, (3, 3), (5, 5)), (ellipse, (2, 4), (9, 5))):
        points = (shape.curves[0][:, 0] - centre) / radii
        assert np.allclose(np.hypot(*points.T), 1, atol=1e-3)


def test_definitions_are_not_drawn_and_use_counts_each_time():
    body = (
        '<defs><g id="a"><path id="b" d="M0 0h1v1z"/><use href="#b"/></g></defs><use xlink:href="#a"/><use href="#a"/>'
    )
    found = read_svg(svg(body))
    assert found.shapes == ()
    assert found.drawn == 4


def test_layers_of_inkscape_are_named():
    body = (
        '<g xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:groupmode="layer" '
        'inkscape:label="前髪"><g inkscape:groupmode="layer" inkscape:label="line"/></g>'
    )
    assert read_svg(svg(body)).layers == ("前髪", "line")


LAUGHS = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE svg [<!ENTITY % p SYSTEM "http://example.com/x.dtd"> %p;]>'
HARMLESS = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'


@pytest.mark.parametrize("head", [LAUGHS, FILE, PARAMETER])
def test_entities_are_refused(head):
    with pytest.raises(FormatError, match="declares entities") as caught:
        read_svg(svg("<title>&b;</title>", head))
    assert caught.value.hint


def test_a_doctype_alone_is_harmless():
    assert read_svg(svg('<path d="M0 0h1v1z"/>', HARMLESS)).paths == 1


@pytest.mark.parametrize(
    "body",
    [
        '<image href="http://example.com/a.png"/>',
        '<image xlink:href="file:///etc/passwd"/>',
        '<image href="../a.png"/>',
        '<use href="other.svg#a"/>',
        '<image href="data:image/svg+xml;base64,AAAA"/>',
        '<rect fill="url(http://example.com/a.svg#g)"/>',
        '<rect style="fill:url(other.svg#g)"/>',
        '<style>@import "a.css";</style>',
        "<style>path { fill: url('http://example.com/a') }</style>",
    ],
)
def test_what_lies_outside_is_not_asked_for(body):
    with pytest.raises(FormatError, match="outside of it"):
        read_svg(svg(body))


def test_what_lies_inside_may_be():
    body = (
        '<defs><linearGradient id="g"/></defs><rect fill="url(#g)" width="1" height="1"/>'
        '<image href="data:image/png;base64,AAAA"/><a href="https://example.com"><path d="M0 0h1v1z"/></a>'
    )
    assert read_svg(svg(body)).drawn == 2


def test_scripts_and_style_sheets_from_elsewhere_are_refused():
    with pytest.raises(FormatError, match="has a script"):
        read_svg(svg("<script>1</script>"))
    with pytest.raises(FormatError, match="style sheet from elsewhere"):
        read_svg(svg("", '<?xml-stylesheet href="a.css"?>'))


def test_too_deep_and_too_many_are_refused():
    with pytest.raises(FormatError, match="nested deeper"):
        read_svg(svg("<g>" * MAX_DEPTH + "</g>" * MAX_DEPTH))
    with pytest.raises(FormatError, match="elements"):
        read_svg(svg("<g/>" * MAX_ELEMENTS))
    with pytest.raises(FormatError, match="px"):
        read_svg(b'<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="5"/>')


def test_use_that_multiplies_is_refused():
    levels = "".join(
        f'<g id="g{i}">' + f'<use href="#g{i - 1}"/>' * 10 + "</g>" if i else '<path id="g0" d="M0 0h1v1z"/>'
        for i in range(9)
    )
    with pytest.raises(FormatError, match="draws over"):
        read_svg(svg(f"<defs>{levels}</defs><use href='#g8'/>"))
    with pytest.raises(FormatError, match="repeats itself"):
        read_svg(svg('<g id="a"><use href="#a"/></g>'))


@pytest.mark.parametrize(
    "data", [b"", b"no svg", b"<svg", b"<html/>", b"\x89PNG", b"<svg><g></svg>", svg('<path d="Mx"/>')]
)
def test_what_is_no_svg_is_refused(data):
    with pytest.raises(FormatError) as caught:
        read_svg(data)
    assert caught.value.hint


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_svg(tmp_path / "none.svg")
