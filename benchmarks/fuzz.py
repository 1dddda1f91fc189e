"""Damaged pictures and PSDs through the command line: no traceback, no hang, no partial file.

    python benchmarks/fuzz.py --pictures 2000 --psds 500 --seed 0 --jobs 2

Small seeds in every format are mutated (bit flips, cuts, splices, header fields, doubled chunks, junk behind) and
each result goes to `animelayers decompose` or `animelayers check` in a worker process under a time and a memory
limit. Case N of a seed is always the same bytes: `--first N` continues, and a finding is saved under `--out`.
Exit code 1 on any finding.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import multiprocessing
import struct
import sys
import tempfile
import threading
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image

from animelayers.handoff.psd import srgb_profile

ROOT = Path(__file__).parents[1]
MEMORY = 6 * 1024**3  # bytes of address space a worker may have
SIDE = 48  # pixels of a seed


@dataclass(frozen=True)
class Case:
    """One mutated file: `kind` is picture or psd."""

    kind: str
    number: int
    name: str
    data: bytes

    @property
    def title(self) -> str:
        return f"{self.kind}-{self.number:05d}-{self.name}"


# ---------------------------------------------------------------- seeds


def drawing(rng: np.random.Generator, side: int = SIDE) -> Image.Image:
    """A small RGBA picture with flat areas, a soft disc and noise."""
    y, x = np.mgrid[:side, :side]
    rgba = np.zeros((side, side, 4), np.uint8)
    rgba[..., 0], rgba[..., 1], rgba[..., 2] = x * 255 // side, (y // 8) * 40 % 256, rng.integers(0, 256, (side, side))
    rgba[..., 3] = np.clip(255 - 14 * (np.hypot(x - side / 2, y - side / 2) - side / 3), 0, 255)
    return Image.fromarray(rgba)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """`image` as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture_seeds() -> list[tuple[str, bytes]]:
    """`(file name, bytes)` of one small picture for every format and most of its variants."""
    rng = np.random.default_rng(1)
    rgba = drawing(rng)
    rgb, grey = rgba.convert("RGB"), rgba.convert("L")
    frames = [drawing(rng).convert("RGB") for _ in range(3)]
    wide = Image.fromarray(rng.integers(0, 65536, (SIDE, SIDE), np.uint16))
    profile = srgb_profile()
    turned = Image.Exif()
    turned[0x0112] = 6
    seeds = [
        ("rgba.png", encoded(rgba, "PNG")),
        ("icc.png", encoded(rgb, "PNG", icc_profile=profile, exif=turned)),
        ("palette.png", encoded(rgb.quantize(16), "PNG", transparency=bytes(range(0, 160, 10)))),
        ("grey16.png", encoded(wide, "PNG")),
        ("onebit.png", encoded(grey.convert("1"), "PNG")),
        ("apng.png", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])),
        ("colour.jpg", encoded(rgb, "JPEG", exif=turned, icc_profile=profile)),
        ("progressive.jpg", encoded(grey, "JPEG", progressive=True)),
        ("cmyk.jpg", encoded(rgb.convert("CMYK"), "JPEG")),
        ("lossy.webp", encoded(rgba, "WEBP", exif=turned, icc_profile=profile)),
        ("lossless.webp", encoded(rgba, "WEBP", lossless=True)),
        ("film.webp", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])),
        ("alpha.avif", encoded(rgba, "AVIF", icc_profile=profile)),
        ("film.avif", encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:])),
        ("colour.bmp", encoded(rgb, "BMP")),
        ("palette.bmp", encoded(rgb.quantize(16), "BMP")),
        ("raw.tif", encoded(rgba, "TIFF")),
        ("lzw.tif", encoded(rgb, "TIFF", compression="tiff_lzw", icc_profile=profile)),
        ("deflate16.tif", encoded(wide, "TIFF", compression="tiff_adobe_deflate")),
        ("jpeg.tif", encoded(rgb, "TIFF", compression="jpeg")),
        ("fax.tif", encoded(grey.convert("1"), "TIFF", compression="group4")),
        ("pages.tif", encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])),
        ("still.gif", encoded(rgb.quantize(32), "GIF", transparency=3)),
        ("film.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])),
    ]
    for path in sorted((ROOT / "examples").glob("*.png"))[:2]:
        small = Image.open(path).convert("RGBA").resize((60, 96))
        seeds += [(f"{path.stem}.png", encoded(small, "PNG")), (f"{path.stem}.webp", encoded(small, "WEBP"))]
    return seeds


def psd_seeds() -> list[tuple[str, bytes]]:
    """`(file name, bytes)` of small PSD and PSB files in several modes, with groups, masks and blend modes."""
    from psd_tools import PSDImage
    from psd_tools.constants import BlendMode, Compression

    logging.getLogger("psd_tools").addHandler(logging.NullHandler())  # it decodes its own blank preview, and complains
    rng = np.random.default_rng(2)
    rgba = drawing(rng)
    seeds = []
    modes = [
        ("RGBA", 8, 1),
        ("RGBA", 8, 2),
        ("RGB", 8, 1),
        ("L", 8, 1),
        ("CMYK", 8, 1),
        ("RGBA", 16, 1),
        ("RGB", 32, 1),
    ]
    for mode, depth, version in modes:
        for compression in (Compression.RLE, Compression.ZIP):
            psd = PSDImage.new(mode, (SIDE, SIDE), depth=depth)
            psd._record.header.version = version
            group = psd.create_group(name="group", blend_mode=BlendMode.PASS_THROUGH)
            group.create_pixel_layer(rgba, name="flat", compression=compression)
            psd.create_pixel_layer(
                rgba.crop((4, 4, 30, 30)), name="line", top=9, left=-3, opacity=200, blend_mode=BlendMode.MULTIPLY
            )
            psd._record.image_data.compression = compression
            file = io.BytesIO()
            psd.save(file)
            seeds.append(
                (f"{mode}{depth}{compression.name}.{'psd' if version == 1 else 'psb'}".lower(), file.getvalue())
            )
    return seeds


# ---------------------------------------------------------------- mutations


def flip(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """A few single bits anywhere."""
    for at in rng.integers(0, len(data), rng.integers(1, 9)):
        data[at] ^= 1 << int(rng.integers(8))


def flip_head(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """A byte of the first 64, where formats keep their sizes."""
    data[int(rng.integers(min(64, len(data))))] = int(rng.integers(256))


def field(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """A 2- or 4-byte number overwritten by an extreme one, mostly near the start."""
    span = len(data) if rng.random() < 0.5 else min(256, len(data))
    value = int(rng.choice([0, 1, 0x7F, 0xFFFF, 0x8000, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0x10000, 30001]))
    size = int(rng.choice([2, 4]))
    order = ["big", "little"][int(rng.integers(2))]
    at = int(rng.integers(span))
    data[at : at + size] = (value & (256**size - 1)).to_bytes(size, order)  # type: ignore[arg-type]


def cut(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """The end is missing."""
    del data[int(rng.integers(len(data))) :]


def drop(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """A piece of the middle is missing."""
    at = int(rng.integers(len(data)))
    del data[at : at + int(rng.integers(1, 64))]


def double(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """A piece comes twice."""
    at, size = int(rng.integers(len(data))), int(rng.integers(1, 200))
    data[at:at] = data[at : at + size]


def splice(rng: np.random.Generator, data: bytearray, other: bytes) -> None:
    """The head of one file, the tail of another."""
    data[int(rng.integers(len(data))) :] = other[int(rng.integers(len(other))) :]


def junk(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """Something behind the end."""
    data += rng.bytes(int(rng.integers(1, 500)))


def noise(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """A piece overwritten by noise or zeros."""
    at, size = int(rng.integers(len(data))), int(rng.integers(1, 64))
    data[at : at + size] = rng.bytes(size) if rng.random() < 0.5 else bytes(size)


def chunks(rng: np.random.Generator, data: bytearray, _other: bytes) -> None:
    """One PNG chunk doubled, moved, dropped or changed, with the right checksum; other files get noise."""
    parts = list(_png_chunks(bytes(data)))
    if not parts:
        return noise(rng, data, _other)
    at = int(rng.integers(len(parts)))
    what = int(rng.integers(4))
    if what == 0:
        parts.insert(int(rng.integers(len(parts) + 1)), parts[at])
    elif what == 1:
        parts.insert(int(rng.integers(len(parts))), parts.pop(at))
    elif what == 2:
        parts.pop(at)
    elif parts[at][1]:
        body = bytearray(parts[at][1])
        noise(rng, body, b"")
        parts[at] = parts[at][0], bytes(body)
    data[8:] = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    return None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


MUTATIONS: tuple[Callable[[np.random.Generator, bytearray, bytes], None], ...] = (
    flip, flip_head, field, field, cut, drop, double, splice, junk, noise, chunks, chunks,
)  # fmt: skip


def cases(kind: str, first: int, count: int, seed: int) -> Iterator[Case]:
    """Case `number` depends on `seed` and `number` alone."""
    seeds = picture_seeds() if kind == "picture" else psd_seeds()
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, kind == "psd", number])
        name, data = seeds[number % len(seeds)]
        mutated = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            if mutated:
                MUTATIONS[int(rng.integers(len(MUTATIONS)))](rng, mutated, seeds[int(rng.integers(len(seeds)))][1])
        yield Case(kind, number, name, bytes(mutated))


# ---------------------------------------------------------------- one case, in the worker


def run_load(case: Case, folder: Path) -> tuple[str, str]:
    """The readers alone: `("read" | "refused" | "finding", detail)`."""
    from animelayers.errors import AnimeLayersError
    from animelayers.picture import load_picture
    from animelayers.psdopen import open_psd, parsing

    path = folder / case.name
    path.write_bytes(case.data)
    try:
        if case.kind == "psd":
            psd = open_psd(path)
            with parsing(path.name):
                for layer in psd.descendants():
                    layer.numpy()
        picture = load_picture(path)
    except AnimeLayersError as error:
        return ("refused", str(error)) if error.hint else ("finding", f"no hint: {error}")
    if picture.rgba[picture.rgba[..., 3] == 0].any():
        return "finding", "hidden colour"
    return "read", ""


def run_cli(case: Case, folder: Path) -> tuple[str, str]:
    """The command line: exit code 0 with exactly one file, or 1 or 2 with none."""
    from animelayers.cli import main

    path, out = folder / "in" / case.name, folder / "out"
    path.parent.mkdir()
    out.mkdir()
    path.write_bytes(case.data)
    lines = [["decompose", str(path), "-o", str(out / "x.psd"), "--format", "psd"]]
    if case.kind == "psd":
        lines.insert(0, ["check", str(path)])
    codes = []
    for line in lines:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                code = main(line)
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else 2
        files = sorted(p.name for p in (*out.rglob("*"), *path.parent.iterdir()))
        wanted = [path.name, "x.psd"] if line[0] == "decompose" and code == 0 else [path.name]
        if code not in (0, 1, 2) or "Traceback" in said.getvalue():
            return "finding", f"{line[0]} ended with {code}: {said.getvalue()[-2000:]}"
        if files != sorted(wanted):
            return "finding", f"{line[0]} ended with {code} and left {files}"
        codes.append(str(code))
    return "exit " + "+".join(codes), ""


def work(pipe: Connection, through: str) -> None:
    """Serve cases until the pipe closes."""
    with contextlib.suppress(ImportError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    run = run_cli if through == "cli" else run_load
    while (case := pipe.recv()) is not None:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            try:
                outcome = run(case, Path(folder))
            except BaseException:  # noqa: BLE001 - whatever escapes is what is looked for
                outcome = "finding", traceback.format_exc()
        pipe.send(outcome)


# ---------------------------------------------------------------- the loop


class Worker:
    """One process that takes cases; replaced when it hangs or dies."""

    def __init__(self, through: str, limit: float) -> None:
        self.through, self.limit = through, limit
        self.start()

    def start(self) -> None:
        """A fresh process."""
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, self.through), daemon=True)
        self.process.start()
        theirs.close()
        self.fresh = True

    def run(self, case: Case) -> tuple[str, str]:
        """The outcome of one case; a hang and a crash are outcomes too."""
        self.pipe.send(case)
        limit = self.limit + (60 if self.fresh else 0)  # the first case waits for the imports
        self.fresh = False
        try:
            if self.pipe.poll(limit):
                return self.pipe.recv()
            outcome = "finding", f"no answer within {limit:g} s"
        except EOFError:
            self.process.join()
            outcome = "finding", f"the process died with {self.process.exitcode}"
        self.process.kill()
        self.process.join()
        self.start()
        return outcome

    def stop(self) -> None:
        """End the process."""
        self.pipe.send(None)
        self.process.join()


def fuzz(all_cases: Iterator[Case], through: str, jobs: int, limit: float, out: Path) -> tuple[Counter[str], list[str]]:
    """Run every case; returns how often each outcome came, and the titles of the findings."""
    counts: Counter[str] = Counter()
    findings: list[str] = []
    lock = threading.Lock()

    def serve() -> None:
        worker = Worker(through, limit)
        while True:
            with lock:
                case = next(all_cases, None)
            if case is None:
                return worker.stop()
            outcome, detail = worker.run(case)
            with lock:
                counts[f"{case.kind} {outcome}"] += 1
                if outcome == "finding":
                    findings.append(case.title)
                    out.mkdir(parents=True, exist_ok=True)
                    (out / case.title).write_bytes(case.data)
                    (out / f"{case.title}.txt").write_text(detail)
                    print(f"FINDING {case.title}: {detail.strip().splitlines()[-1][:200]}", flush=True)

    threads = [threading.Thread(target=serve) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts, sorted(findings)


def main(argv: list[str] | None = None) -> int:
    """The command line of this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--psds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=20, help="seconds a case may take")
    parser.add_argument("--through", choices=("cli", "load"), default="cli")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"), help="where findings are saved")
    args = parser.parse_args(argv)
    began = time.monotonic()
    everything = (
        case
        for kind, count in (("picture", args.pictures), ("psd", args.psds))
        if count
        for case in cases(kind, args.first, count, args.seed)
    )
    counts, findings = fuzz(everything, args.through, args.jobs, args.limit, args.out)
    print(f"\nseed {args.seed}, through {args.through}, {time.monotonic() - began:.0f} s")
    for outcome in sorted(counts):
        print(f"  {outcome:<24}{counts[outcome]:>6}")
    print(f"  findings: {len(findings)}" + (f", saved in {args.out}" if findings else ""))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
