"""Depth as a solid: a relief on a slab, for printing (STL) or looking at (GLB).

The surface is a right-triangulated irregular network (Evans, Kirkpatrick, Townsend 2001): triangles are halved at the
middle of their long side until that lies within an error of the surface. Two triangles that share a side agree on
whether to halve it, since the error of a middle counts every smaller one below it: so there are no cracks, and with
walls and a bottom the mesh is closed.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import matte
from animelayers.errors import OutputError
from animelayers.handoff.files import replacing
from animelayers.handoff.png import encode_png
from animelayers.stack import Rgba

Heights = npt.NDArray[np.float32]
"""float32 [h, w]."""
Grid = npt.NDArray[np.int32]
Triangles = tuple[Grid, Grid, Grid]
"""Corners `(row, column)`, int32 [n, 2] each; the right angle is at the third."""

MOST_FACES = 200_000
"""Of a mesh."""
SEARCHES = 10
"""How often errors are halved on the way to the finest mesh with few enough faces."""
GENERATOR = "animelayers"

TEXTURE = 2048
"""Longer side, px, of the picture that a GLB wears, at most."""

SUFFIXES = (".stl", ".glb")


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A closed surface."""

    vertices: npt.NDArray[np.float32]
    """[n, 3]: x to the right, y up, z towards the viewer; the units of whoever made it."""
    faces: npt.NDArray[np.uint32]
    """[m, 3], counter-clockwise as seen from outside."""

    def scaled(self, factor: float) -> Self:
        """The same, so many times as large."""
        return replace(self, vertices=self.vertices * np.float32(factor))


def relief(heights: Heights, base: float, *, faces: int = MOST_FACES) -> Mesh:
    """A surface over a slab as one closed mesh, with a pixel's side as the unit.

    Args:
        heights: float32 [h, w], 0 and more, at least 2 × 2: how far the surface is above the slab, px.
        base: thickness of the slab, px, more than 0.
        faces: of the mesh, at most; a flat surface has few.
    """
    levels = _levels(heights.shape[:2])
    errors = _errors(heights, levels)
    found = errors[np.isfinite(errors)]
    least, most = 0.0, float(found.max(initial=0.0))
    room = faces - 6 * sum(heights.shape)  # for walls and bottom: at most three faces a px of the border
    best = _surface(heights, errors, levels, least)
    if len(best[0]) > room:
        best = _surface(heights, errors, levels, most)
        for _ in range(SEARCHES):
            middle = (least + most) / 2
            tried = _surface(heights, errors, levels, middle)
            if len(tried[0]) > room:
                least = middle
            else:
                most, best = middle, tried
    return _closed(heights, best, base)


def write_relief(mesh: Mesh, path: Path, *, picture: Rgba | None = None) -> None:
    """Write a mesh; the suffix says as what.

    Args:
        mesh: what `relief` gives.
        path: `….stl` or `….glb`.
        picture: uint8 [h, w, 4], which a GLB wears; an STL has no colours.

    Raises:
        OutputError: an unknown suffix, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{path.name}: a relief is {' or '.join(SUFFIXES)}", hint=path.stem + SUFFIXES[0])
    data = _stl(mesh) if suffix == ".stl" else _glb(mesh, picture)
    with replacing(path) as temporary:
        temporary.write_bytes(data)


# --- the surface


def _levels(size: tuple[int, ...]) -> list[Triangles]:
    """All triangles over the smallest square of 2ᵏ + 1 pixels that holds a picture, the largest first."""
    halvings = max(0, max(size) - 2).bit_length()
    side = 1 << halvings
    corners = np.array([[0, 0], [0, side], [side, side], [side, 0]], np.int32)
    a, b, c = corners[[0, 2]], corners[[2, 0]], corners[[1, 3]]
    levels = [(a, b, c)]
    for _ in range(2 * halvings):
        a, b, c = _halves(a, b, c)
        levels.append((a, b, c))
    return levels


def _halves(a: Grid, b: Grid, c: Grid) -> Triangles:
    """Both halves of all triangles."""
    middle = (a + b) // 2
    return np.concatenate([c, b]), np.concatenate([a, c]), np.concatenate([middle, middle])


def _errors(heights: Heights, levels: list[Triangles]) -> npt.NDArray[np.float32]:
    """At the middle of every long side how far a triangle that is not halved there is off, or one below it.

    Infinite where a triangle is partly beyond the picture: it is halved until none is.
    """
    side = int(levels[0][1].max()) + 1
    out = np.zeros((side, side), np.float32)
    height, width = heights.shape
    for a, b, c in reversed(levels[:-1]):
        m = (a + b) // 2
        inside = (np.maximum(a, b) < (height, width)).all(axis=1) & (c < (height, width)).all(axis=1)
        outside = (np.minimum(np.minimum(a, b), c) >= (height - 1, width - 1)).any(axis=1)
        error = np.where(inside | outside, np.float32(0), np.float32(np.inf))
        ai, bi, mi = (tuple(point[inside].T) for point in (a, b, m))
        error[inside] = np.abs((heights[ai] + heights[bi]) / 2 - heights[mi])
        for corner in (a, b):  # the middles of the two halves' own long sides
            below = (corner + c) // 2
            error = np.maximum(error, out[tuple(below.T)])
        np.maximum.at(out, tuple(m.T), error)
    return out


def _surface(heights: Heights, errors: npt.NDArray[np.float32], levels: list[Triangles], most: float) -> Triangles:
    """The triangles of the picture whose error is at most `most`."""
    a, b, c = levels[0]
    done: list[Triangles] = []
    for last in (False,) * (len(levels) - 1) + (True,):
        halved = np.zeros(len(a), bool) if last else errors[tuple(((a + b) // 2).T)] > most
        whole = ~halved & (np.maximum(np.maximum(a, b), c) < heights.shape).all(axis=1)
        done.append((a[whole], b[whole], c[whole]))
        a, b, c = _halves(a[halved], b[halved], c[halved])
    first, second, third = (np.concatenate(corners) for corners in zip(*done, strict=True))
    return first, second, third


def _faces(surface: Triangles) -> tuple[Grid, npt.NDArray[np.int64]]:
    """The vertices that are used, `(row, column)`, and faces of their numbers."""
    points = np.concatenate(surface)
    used, numbers = np.unique(points, axis=0, return_inverse=True)
    return used, numbers.reshape(3, -1).T


def _border(faces: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The sides that only one face has, [n, 2], as it goes round."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    key = np.sort(sides, axis=1)
    _, first, count = np.unique(key, axis=0, return_index=True, return_counts=True)
    return np.asarray(sides[first[count == 1]], np.int64)


def _closed(heights: Heights, surface: Triangles, base: float) -> Mesh:
    """With walls down to the bottom, and the bottom: a fan around its middle."""
    used, faces = _faces(surface)
    border = _border(faces)
    rim, number = np.unique(border, return_inverse=True)
    wall = number.reshape(border.shape) + len(used)
    top = np.column_stack([used[:, 1], -used[:, 0], heights[tuple(used.T)] + base]).astype(np.float32)
    bottom = top[rim]
    bottom[:, 2] = 0
    middle = bottom.mean(axis=0, keepdims=True)
    centre = np.full(len(border), len(used) + len(rim))
    (a, b), (low_a, low_b) = border.T, wall.T
    sides = [np.column_stack(each) for each in ((b, a, low_a), (b, low_a, low_b), (low_b, low_a, centre))]
    return Mesh(np.concatenate([top, bottom, middle]), np.concatenate([faces, *sides]).astype(np.uint32))


# --- files


def _stl(mesh: Mesh) -> bytes:
    """Binary STL."""
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    kind = np.dtype([("values", "<f4", (4, 3)), ("attribute", "<u2")])
    records = np.zeros(len(corners), kind)
    records["values"] = np.concatenate([normals[:, None], corners], axis=1)
    return GENERATOR.encode().ljust(80, b"\0") + struct.pack("<I", len(corners)) + records.tobytes()


def _glb(mesh: Mesh, picture: Rgba | None) -> bytes:
    """A binary glTF 2.0: positions, faces and, where there is a picture, what it looks like from the front."""
    floats, numbers, vector = 5126, 5125, {"componentType": 5126, "count": len(mesh.vertices)}
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    chunks = [mesh.vertices.astype("<f4").tobytes(), mesh.faces.astype("<u4").tobytes()]
    accessors = [
        {"bufferView": 0, "type": "VEC3", **vector, "min": low.tolist(), "max": high.tolist()},
        {"bufferView": 1, "type": "SCALAR", "componentType": numbers, "count": mesh.faces.size},
    ]
    shape: dict[str, Any] = {"attributes": {"POSITION": 0}, "indices": 1}
    worn: dict[str, Any] = {}
    if picture is not None:
        x, y = ((mesh.vertices - low) / np.maximum(high - low, 1e-20)).T[:2]
        chunks += [np.column_stack([x, 1 - y]).astype("<f4").tobytes(), _texture(picture)]
        accessors.append({"bufferView": 2, "type": "VEC2", "componentType": floats, "count": len(mesh.vertices)})
        shape = {"attributes": {"POSITION": 0, "TEXCOORD_0": 2}, "indices": 1, "material": 0}
        look = {"baseColorTexture": {"index": 0}, "metallicFactor": 0, "roughnessFactor": 1}
        worn = {
            "materials": [{"pbrMetallicRoughness": look}],
            "textures": [{"source": 0}],
            "images": [{"bufferView": 3, "mimeType": "image/png"}],
        }
    data, views = b"", list[dict[str, int]]()
    for chunk, target in zip(chunks, (34962, 34963, 34962, 0), strict=False):
        views.append(
            {"buffer": 0, "byteOffset": len(data), "byteLength": len(chunk), **({"target": target} if target else {})}
        )
        data += chunk + bytes(-len(chunk) % 4)
    scene = {
        "asset": {"version": "2.0", "generator": GENERATOR},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [shape]}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
        **worn,
    }
    text = json.dumps(scene, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(data))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data


def _texture(picture: Rgba) -> bytes:
    """On white, `TEXTURE` px on its longer side at most, as PNG."""
    shrunk = min(1.0, TEXTURE / max(picture.shape[:2]))
    size = tuple(max(1, round(side * shrunk)) for side in picture.shape[1::-1])
    rgb = cv2.resize(matte(picture), size, interpolation=cv2.INTER_AREA)
    return encode_png(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]))
