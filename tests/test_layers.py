"""The order of the house: which room of fairrun/ may import which, held as data.

A room is a package or a module of `fairrun/`. docs/design.md quotes `ORDER`, and describes `KNOWS`.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: From the bottom to the top. A room may import rooms of the lines above its own, and no other.
ORDER = (
    ("errors", "inference", "processes", "text"),
    ("client", "documents", "groups"),
    ("data",),
    ("metrics",),
    ("gate",),
    ("testing", "training"),
    ("explanations", "monitor", "sweep"),
    ("figures",),
    ("pages",),
    ("tracking",),
    ("models",),
    ("runs", "serving"),
    ("entrypoints",),
)

#: A saved model carries this room with it, so it imports nothing of fairrun's, and relatively.
ALONE = "inference"

#: The only rooms, or files, that know a package.
KNOWS = {
    "mlflow": (
        *("tracking", "models", "runs"),
        *("inference/pyfunc.py", "inference/served_model.py"),
        "data/places.py",  # fetches a URI
    ),
    "matplotlib": ("figures",),
    "jinja2": ("pages",),
    "optuna": ("sweep/study.py", "sweep/importance.py", "sweep/space.py"),
    "click": ("entrypoints", "__main__.py"),
    "fastapi": ("serving",),
    "starlette": ("serving",),
    "uvicorn": ("serving",),
    "sklearn": ("training", "metrics", "explanations"),
    "holisticai": ("training", "data", "explanations"),
    "jax": ("training",),
    "fsspec": ("data/places.py",),
    "openpyxl": ("data/excel_files.py",),
    "sqlalchemy": ("data/databases.py", "tracking/store.py", "tracking/faults.py"),
}

#: Packages that take seconds to import: they are imported inside the functions that need them.
INSIDE_FUNCTIONS = ("holisticai", "jax", "pyspark", "onnx", "fsspec", "openpyxl", "sqlalchemy")

#: Packages that one imports file by file, because their face is empty.
WITHOUT_FACE = ("entrypoints", "models", "runs", "serving", "sweep", "tracking")
#: Files that are no part of a face: they import MLflow, or are needed before the package is there.
BESIDE_THE_FACE = tuple(f"fairrun.inference.{name}" for name in ("pyfunc", "importing", "manifest"))


@dataclass(frozen=True)
class Import:
    """One import, somewhere in the package."""

    file: str
    line: int
    module: str
    level: int
    names: tuple[str, ...]
    #: Whether it is run when the file is imported.
    at_once: bool

    @property
    def here(self) -> str:
        """The room it stands in."""
        return self.file.split("/")[0].removesuffix(".py")

    @property
    def room(self) -> str | None:
        """The room of fairrun that it imports."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "fairrun" and len(parts) > 1 else None

    def __str__(self) -> str:
        return f"fairrun/{self.file}:{self.line} imports {self.module}"


def imports(package: Path) -> Iterator[Import]:
    """Every import of a package's files, but for those that only a type checker sees."""
    for path in sorted(package.rglob("*.py")):
        yield from _imports_of(path.read_text("utf-8"), path.relative_to(package).as_posix())


@cache
def _imports_of(source: str, file: str) -> tuple[Import, ...]:
    return tuple(_imports(ast.parse(source), file, at_once=True))


def _imports(node: ast.AST, file: str, *, at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, alias.name, 0, (), at_once)
        elif isinstance(child, ast.ImportFrom):
            names = tuple(alias.name for alias in child.names)
            yield Import(file, child.lineno, child.module or "", child.level, names, at_once)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, file, at_once=at_once and not inside)


def violations(package: Path) -> list[str]:
    """What breaks the order, a line each."""
    level = {room: place for place, rooms in enumerate(ORDER) for room in rooms}
    found = []
    for each in imports(package):
        top = each.module.split(".")[0]
        if each.here == ALONE:
            if top == "fairrun" or each.level > 1:
                found.append(f"{each}: {ALONE} imports nobody, and relatively")
        elif each.level:
            found.append(f"{each}: write the whole name")
        elif each.room and each.here in level and each.room != each.here:
            if each.room not in level:
                found.append(f"{each}: {each.room} has no place in ORDER")
            elif level[each.room] >= level[each.here]:
                found.append(f"{each}: {each.room} stands no lower than {each.here}")
        allowed = KNOWS.get(top, (each.here,))
        if not any(each.file == place or each.here == place for place in allowed):
            found.append(f"{each}: only {', '.join(allowed)} know {top}")
        if top in INSIDE_FUNCTIONS and each.at_once:
            found.append(f"{each}: takes seconds; import it inside the function that needs it")
        found += _past_the_face(each)
    return found


def _past_the_face(each: Import) -> list[str]:
    room = each.room
    parts = each.module.split(".")
    if room is None or room == each.here or room in WITHOUT_FACE or len(parts) == 2:
        return []
    if each.module in BESIDE_THE_FACE or each.module == "fairrun.training.mitigation":
        return []
    return [f"{each}: from outside, import from fairrun.{room}"]


def test_every_room_has_a_place() -> None:
    rooms = {
        path.stem
        for path in (ROOT / "fairrun").iterdir()
        if not path.stem.startswith("__")
        and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert rooms == {room for rooms in ORDER for room in rooms}


def test_the_order_holds() -> None:
    assert violations(ROOT / "fairrun") == []


@pytest.mark.parametrize(
    ("file", "planted", "said"),
    [
        ("metrics/rates.py", "from fairrun.training import Recipe", "stands no lower than metrics"),
        ("sweep/trial.py", "import mlflow", "know mlflow"),
        ("gate/terms.py", "from matplotlib import pyplot", "only figures know matplotlib"),
        ("inference/trees.py", "from fairrun.errors import RequestError", "imports nobody"),
        ("training/recipe.py", "import holisticai", "inside the function"),
        (
            "pages/report.py",
            "from fairrun.metrics.counts import Counts",
            "import from fairrun.metrics",
        ),
        ("models/saved.py", "from fairrun.serving.app import App", "stands no lower than models"),
    ],
)
def test_a_planted_import_is_found(file: str, planted: str, said: str, tmp_path: Path) -> None:
    package = tmp_path / "fairrun"
    shutil.copytree(ROOT / "fairrun", package, ignore=shutil.ignore_patterns("__pycache__"))
    path = package / file
    path.write_text(f"{path.read_text('utf-8')}\n{planted}\n", encoding="utf-8")
    (line,) = violations(package)
    assert line.startswith(f"fairrun/{file}:")
    assert said in line


@pytest.mark.parametrize(
    ("imported", "without"),
    [
        ("fairrun", ("pandas", "numpy", "mlflow")),
        ("fairrun.tracking.names", ("pandas", "mlflow", "matplotlib")),
        (
            "fairrun.client, fairrun.models.saved, fairrun.serving.worker",
            ("mlflow", "matplotlib", "sklearn", "holisticai"),
        ),
        ("fairrun.serving.app", ("matplotlib", "sklearn.linear_model", "holisticai", "optuna")),
        (
            "fairrun.sweep.worker, fairrun.sweep.trial",
            ("mlflow", "matplotlib", "optuna", "holisticai", "jax"),
        ),
        (
            ", ".join(
                f"fairrun.entrypoints.{path.stem}"
                for path in sorted((ROOT / "fairrun" / "entrypoints").glob("[a-z]*.py"))
            ),
            ("mlflow", "sklearn", "scipy.stats", "matplotlib"),
        ),
    ],
)
def test_what_a_process_does_without(imported: str, without: tuple[str, ...]) -> None:
    asked = f"import {imported}, sys; print(*(n for n in {without!r} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_the_design_page_quotes_the_order() -> None:
    page = (ROOT / "docs" / "design.md").read_text("utf-8")
    quoted = re.search(r"<!-- order -->\n```\n(.*?)```", page, flags=re.DOTALL)
    assert quoted is not None
    assert [tuple(line.split(", ")) for line in quoted[1].splitlines()] == list(ORDER)
