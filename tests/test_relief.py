"""The relief: a closed mesh, as exact as it may be large, in files that say so themselves."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from animelayers.errors import OutputError
from animelayers.handoff.png import decode_png
from animelayers.handoff.relief import relief, write_relief

BASE = 2.0


def sides_of(mesh):
    return np.concatenate([mesh.faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])


def volume(mesh):
    a, b, c = (mesh.vertices[corner].astype(np.float64) for corner in mesh.faces.T)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def bumpy(size, seed=0):
    return np.random.default_rng(seed).random(size, np.float32) * 5


@pytest.mark.parametrize("size", [(2, 2), (2, 3), (3, 5), (9, 9), (17, 40), (60, 31)])
@pytest.mark.parametrize("faces", [10**9, 900])
def test_it_is_closed_and_faces_outwards(size, faces):
    mesh = relief(bumpy(size), BASE, faces=faces)
    sides = {tuple(side) for side in sides_of(mesh).tolist()}
    assert len(sides) == 3 * len(mesh.faces), "no side twice in one direction"
    assert all((b, a) in sides for a, b in sides), "and each once in the other"
    assert volume(mesh) > 0


@pytest.mark.parametrize("size", [(2, 2), (5, 9), (30, 17)])
def test_every_pixel_is_where_its_height_is(size):
    heights = bumpy(size)
    mesh = relief(heights, BASE, faces=10**9)
    found = {(float(x), float(y)): float(z) for x, y, z in mesh.vertices if z >= BASE}
    wanted = {(float(x), float(-y)): heights[y, x] + np.float32(BASE) for y in range(size[0]) for x in range(size[1])}
    assert found == pytest.approx(wanted)


def test_what_is_flat_needs_few_faces():
    mesh = relief(np.full((65, 65), 3, np.float32), BASE)
    assert len(mesh.faces) == 2 + 3 * 4
    assert volume(mesh) == pytest.approx(64 * 64 * (3 + BASE))


def test_a_slope_is_flat():
    heights = np.add.outer(np.arange(33), 2 * np.arange(33)).astype(np.float32)
    assert len(relief(heights, BASE).faces) == 14


def test_a_limit_is_kept_and_the_shape_with_it():
    heights = np.zeros((200, 150), np.float32)
    heights[50:150, 40:100] = 20
    heights += bumpy(heights.shape) / 50
    mesh = relief(heights, BASE, faces=6000)
    assert len(mesh.faces) <= 6000
    assert volume(mesh) == pytest.approx((heights.mean() + BASE) * 199 * 149, rel=0.03)


def test_stl(tmp_path):
    mesh = relief(bumpy((9, 9)), BASE)
    write_relief(mesh, tmp_path / "relief.stl")
    data = (tmp_path / "relief.stl").read_bytes()
    (count,) = struct.unpack_from("<I", data, 80)
    assert count == len(mesh.faces)
    assert len(data) == 84 + 50 * count
    first = np.frombuffer(data, "<f4", 12, 84).reshape(4, 3)
    assert np.array_equal(first[1:], mesh.vertices[mesh.faces[0]])
    assert np.linalg.norm(first[0]) == pytest.approx(1)


def test_glb(tmp_path):
    mesh = relief(bumpy((9, 9)), BASE)
    write_relief(mesh, tmp_path / "relief.glb")
    data = (tmp_path / "relief.glb").read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    text, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    scene = json.loads(data[20 : 20 + text])
    assert scene["buffers"][0]["byteLength"] == len(data) - 28 - text
    start = 28 + text
    places = np.frombuffer(data, "<f4", mesh.vertices.size, start).reshape(-1, 3)
    assert np.array_equal(places, mesh.vertices)
    assert scene["accessors"][0]["max"] == mesh.vertices.max(axis=0).tolist()
    faces = np.frombuffer(data, "<u4", mesh.faces.size, start + places.nbytes)
    assert np.array_equal(faces.reshape(-1, 3), mesh.faces)


def test_a_glb_wears_the_picture(tmp_path):
    picture = np.full((9, 9, 4), 255, np.uint8)
    picture[:, :4, 1:3] = 0
    mesh = relief(bumpy((9, 9)), BASE).scaled(10)
    write_relief(mesh, tmp_path / "relief.glb", picture=picture)
    data = (tmp_path / "relief.glb").read_bytes()
    (text,) = struct.unpack_from("<I", data, 12)
    scene, body = json.loads(data[20 : 20 + text]), data[28 + text :]
    worn = scene["bufferViews"][scene["images"][0]["bufferView"]]
    png = decode_png(body[worn["byteOffset"] :][: worn["byteLength"]], "texture")
    assert np.array_equal(png, picture)
    places = scene["bufferViews"][scene["accessors"][2]["bufferView"]]
    uv = np.frombuffer(body, "<f4", 2 * len(mesh.vertices), places["byteOffset"]).reshape(-1, 2)
    assert uv == pytest.approx(mesh.vertices[:, :2] / [80, -80], abs=1e-6), "left and top are 0"
    assert all(view["byteOffset"] % 4 == 0 for view in scene["bufferViews"])


def test_other_files_are_refused(tmp_path):
    with pytest.raises(OutputError, match=r"\.stl or \.glb"):
        write_relief(relief(bumpy((3, 3)), BASE), tmp_path / "relief.obj")
    assert not list(tmp_path.iterdir())
