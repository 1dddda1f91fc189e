"""The shape of the house: which way imports run, what starting costs, what is in the wheel, how long things are."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawing import ROOT

PACKAGE = ROOT / "animelayers"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = (
    ("errors",),
    ("workers",),
    ("stack", "raster"),
    ("color", "composite", "parts", "pixels", "psdopen", "psdplanes", "picture"),
    ("vector", "regions"),
    ("rendering", "handoff"),
    ("anatomy",),
    ("models", "data"),
    ("artist",),
    ("decompose", "depth"),
    ("evaluation",),
    ("training",),
    ("cli",),
)
"""A room imports from its own floor and those before it; `rendering` and `handoff` know nothing of each other."""
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
STRANGERS = {"rendering": "handoff", "handoff": "rendering"}

THIRD_PARTIES = {"numpy", "cv2", "PIL", "psd_tools", "pydantic", "rich", "typer", "clipparse_tools", "onnxruntime"}
EXTRAS = {
    "data": {"datasets", "pyarrow", "dicebear", "dicebear_styles", "resvg_py"},
    "artist": {"skia"},
    "evaluation": {"torch", "torchmetrics", "safetensors"},
    "models": {
        "torch",
        "diffusers",
        "transformers",
        "peft",
        "einops",
        "safetensors",
        "huggingface_hub",
        "bitsandbytes",
        "psutil",
    },
    "vector": {"torch", "vtracer"},
    "training": {
        "torch",
        "safetensors",
        "onnx",
        "diffusers",
        "transformers",
        "peft",
        "accelerate",
        "einops",
        "bitsandbytes",
    },
}
"""What a room may import besides, inside the functions that need it."""
HEAVY = ["numpy", "cv2", "PIL", "psd_tools", "rich.progress", "torch", "diffusers", "transformers", "onnxruntime"]
HEAVY += ["skia", "datasets", "pyarrow"]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """`(module, name)` of every import anywhere in a file; the name is empty for `import module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node.module or "", alias.name) for alias in node.names)


def room_of(module: str, name: str = "") -> str:
    """The room of `animelayers.room.…`; empty for the package itself."""
    parts = (*module.split("."), *([name] if name in FLOOR else []))
    return parts[1] if len(parts) > 1 else ""


def test_every_room_has_a_floor():
    rooms = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir() if path.suffix in (".py", "")}
    assert rooms - {"__init__", "__main__", "__pycache__"} <= set(FLOOR)


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent != PACKAGE or p.stem in FLOOR], ids=dotted)
def test_imports_run_one_way(path):
    here = room_of(dotted(path))
    for module, name in imported(ast.parse(path.read_text("utf-8"))):
        if module.split(".")[0] != "animelayers":
            continue
        there = room_of(module, name)
        if not there:
            assert name == "__version__", f"{dotted(path)} imports {name or module} from the package's front door"
            continue
        assert FLOOR[there] <= FLOOR[here], f"{dotted(path)} imports {module}"
        assert STRANGERS.get(here) != there, f"{dotted(path)} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_only_the_packages_of_the_base_ring(path):
    tops = {module.split(".")[0] for module, _ in imported(ast.parse(path.read_text("utf-8")))}
    allowed = THIRD_PARTIES | EXTRAS.get(room_of(dotted(path)), set())
    assert tops - set(sys.stdlib_module_names) - {"animelayers"} <= allowed


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_sizes(path):
    text = path.read_text("utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            documented = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            docstring = (node.body[0].end_lineno or 0) - node.body[0].lineno + 1 if documented else 0
            lines = (node.end_lineno or 0) - node.lineno + 1 - docstring
            assert lines <= 45, f"{node.name} has {lines} lines"


def test_names_say_something():
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert not {path.stem for path in MODULES} & vague
    deep = {path.relative_to(PACKAGE).parts[0] for path in MODULES if len(path.relative_to(PACKAGE).parts) > 2}
    assert deep <= {"models", "training"}, "packages are one level deep, but for the families of models"
    assert all(len(path.relative_to(PACKAGE).parts) <= 3 for path in MODULES)


@pytest.mark.parametrize(
    "program",
    [
        "import animelayers",
        "from animelayers.cli import main; main(['--help'])",
        "from animelayers.cli import main; main(['decompose', '--help'])",
        "from animelayers.cli import main; main(['models'])",
        "from animelayers.cli import main; main(['data', 'check', '--help'])",
        "from animelayers.cli import main; main(['eval', '--help'])",
        "from animelayers.cli import main; main(['eval', 'compare', '--help'])",
        "from animelayers.cli import main; main(['decompose', 'x.png', '--mode', 'parts', '--model', 'see-trough'])",
    ],
)
def test_cheap_things_import_nothing_heavy(program):
    program += f"; import sys; print('heavy:', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = set(done.stdout.splitlines()[-1].split()[1:])
    assert not heavy


def test_decomposing_imports_neither_torch_nor_diffusers(examples, tmp_path):
    program = (
        "import sys; from animelayers.cli import main; "
        f"assert main(['decompose', {str(examples[0])!r}, '-o', {str(tmp_path)!r}]) == 0; "
        "assert not {'torch', 'diffusers', 'transformers', 'clipparse'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_help_comes_at_once():
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "animelayers", "--help"], check=True, capture_output=True)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) <= 0.5


def test_the_wheel_holds_one_package(tmp_path):
    pytest.importorskip("setuptools", "77")
    project = tmp_path / "project"
    shutil.copytree(PACKAGE, project / "animelayers", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, project)
    for workshop in ("train", "datasets", "export", "configs", "tests"):
        (project / workshop).mkdir()
        (project / workshop / "door.py").write_text("")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*command, str(project)], check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"animelayers"}
    assert {"animelayers/py.typed", "animelayers/handoff/preview.html"} <= set(names)
    assert {path.relative_to(ROOT).as_posix() for path in MODULES} <= set(names)
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_the_command_line_page_is_fresh():
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_in_the_pages_are_understood(page):
    import typer

    from animelayers.cli import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("animelayers "):
                _, name, *words = shlex.split(re.split(r"\s{2,}", line)[0], comments=True)
                try:
                    commands[name].make_context(name, words)
                except typer.BadParameter as error:
                    if "does not exist" not in error.format_message():  # the pages name files of their reader
                        raise


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_in_the_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_python_in_the_pages_compiles(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        compile(block, str(page), "exec")
