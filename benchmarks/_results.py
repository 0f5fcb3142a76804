"""Writes what a benchmark measured to benchmarks/results/, from where the docs get their tables.

Each benchmark has the option ``--save``. It writes one JSON file for each table of the docs;
``python scripts/make_tables.py`` then writes the tables. A file holds the figures as plain rows and
says how they came about: the command, the commit, the date, the machine, and digests of the code
that the figures depend on. It names no host and no folder of the machine.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import hashlib
import importlib.metadata
import io
import json
import math
import os
import platform
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from _project import ROOT

__all__ = ["FIELDS", "RESULTS", "Measurement", "add_save", "digest_of", "dumps", "read_result"]

#: The folder of the results.
RESULTS = ROOT / "benchmarks" / "results"

#: The fields of every results file.
FIELDS = ("command", "commit", "dirty", "date", "machine", "code", "rows", "transcribed")

_PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "mlflow", "holisticai", "jax")

#: Options whose value is a place or an id of one machine, and the word that stands for it.
_PLACES = {"--adult": "PATH", "--run": "RUN_ID"}
#: Options that change no figure, and are not part of the command. True: a value follows.
_LEFT_OUT = {"--save": False, "--kept": True, "--out": True, "--figure": True}
_LEFT_OUT |= {"--peers": True, "--result": True}
_LEFT_OUT |= {"--parts": True, "--at-once": True, "--database": True}


def add_save(parser: argparse.ArgumentParser) -> None:
    """Add the option that writes the results."""
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results/"
    )


class Measurement:
    """What is known before a benchmark starts: the command, the commit, the code.

    Parameters
    ----------
    code : sequence of str
        Files and folders that the figures depend on, beside the benchmark itself, as paths from
        the project's folder.
    packages : iterable of str
        Packages that the figures depend on, beside those that every result names.
    """

    def __init__(self, code: Sequence[str] = (), packages: Iterable[str] = ()) -> None:
        mine = f"benchmarks/{Path(sys.argv[0]).name}"
        self._facts = {
            "command": command_of(mine, sys.argv[1:]),
            "commit": _git("rev-parse", "HEAD"),
            "dirty": bool(_git("status", "--porcelain", "--", mine, *code)),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "machine": machine([*_PACKAGES, *packages]),
            "code": {path: digest_of(ROOT / path) for path in (mine, *code)},
        }

    @property
    def code_digest(self) -> str:
        """One digest of all code that the figures depend on."""
        return hashlib.sha256(json.dumps(self._facts["code"]).encode()).hexdigest()[:8]

    def save(self, name: str, rows: Sequence[Mapping[str, Any]], **more: Any) -> None:
        """Write the figures of one table.

        Parameters
        ----------
        name : str
            The name of the table, and of the file.
        rows : sequence of mappings
            The figures: numbers, text or null. A number that is not finite becomes text.
        **more
            Single figures and facts that belong to the whole table.
        """
        RESULTS.mkdir(exist_ok=True)
        result = self._facts | {"transcribed": None} | more | {"rows": list(rows)}
        (RESULTS / f"{name}.json").write_text(dumps(result), encoding="utf-8")
        print(f"wrote benchmarks/results/{name}.json", file=sys.stderr)


def dumps(result: Mapping[str, Any]) -> str:
    """Write results as JSON, with a line for each row."""
    plain = _plain(result)
    rows = plain.pop("rows")
    head = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    lines = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows]
    return head + ',\n "rows": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"


def read_result(name: str) -> dict[str, Any]:
    """Read the results of one table."""
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def command_of(script: str, arguments: Sequence[str]) -> str:
    """Write a command as somebody would type it on any machine."""
    said = ["python", script]
    values = iter(arguments)
    for argument in values:
        option, has_value, value = argument.partition("=")
        if option in _LEFT_OUT:
            if _LEFT_OUT[option] and not has_value:
                next(values, None)
        elif option in _PLACES:
            if not has_value:
                next(values, None)
            said += [option, _PLACES[option]]
        else:
            said.append(f"{option}=FILE" if has_value and Path(value).is_absolute() else argument)
    return " ".join(said)


def machine(packages: Iterable[str]) -> dict[str, Any]:
    """Describe the machine as far as figures depend on it."""
    found = {}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "packages": found,
    }


def digest_of(path: Path) -> str | None:
    """Compute the digest of a Python file, or of all of a folder; None where nothing is there.

    Comments, docstrings and empty lines do not count, because no figure depends on them.
    """
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    if not path.exists():
        return None
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix()
        digest.update(f"{name}\0".encode() + _code_of(file.read_bytes()) + b"\0")
    return digest.hexdigest()[:16]


@cache  # many results depend on the same files
def _code_of(source: bytes) -> bytes:
    """Blank out docstrings and comments, then drop empty lines and spaces at the ends of lines."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = body[0] if body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            end = first.end_lineno or first.lineno
            rest = lines[end - 1][first.end_col_offset :]
            lines[first.lineno - 1] = lines[first.lineno - 1][: first.col_offset]
            lines[first.lineno : end] = [b""] * (end - first.lineno)
            lines[end - 1] += rest
    # Found in the source as it was: without its docstrings it may not be Python any more.
    comments = [
        token
        for token in tokenize.tokenize(io.BytesIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    for token in comments:
        text = token.string.encode()
        at = lines[token.start[0] - 1]
        if at.endswith(text):
            lines[token.start[0] - 1] = at[: -len(text)]
    return b"\n".join(line.rstrip() for line in lines if line.strip())


def _git(*arguments: str) -> str | None:
    """Ask git; None where there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return None if done.returncode else done.stdout.strip()


def _plain(value: Any) -> Any:
    """Turn numpy's numbers into Python's, NaN into null and infinities into text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    # Four more digits than any table shows: smaller files, and no digits that are only rounding.
    return float(f"{value:.8g}") if isinstance(value, float) else value
