"""The packages that a logged model needs, with the hashes of the project's lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["hashed_requirements", "lock_digest", "pinned_requirements"]

#: The packages that answer rows and that `mlflow models serve` starts. The full `mlflow` would add
#: its web interface, its database and thirty other packages.
_NEEDED = ("mlflow-skinny", "numpy", "pandas")

#: The lock is beside the package in a checkout, and missing where a wheel is installed.
_LOCK = Path(__file__).parents[2] / "requirements.txt"
_LOCKED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)")


def pinned_requirements() -> tuple[str, ...]:
    """Return the packages that a served model needs, at the installed versions."""
    return tuple(f"{name}=={version(name)}" for name in _NEEDED)


@cache
def lock_digest(lock: Path = _LOCK) -> str:
    """Return the SHA-256 of the file that pins the installed packages; empty if there is none."""
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError:
        return ""


@cache
def hashed_requirements(pinned: tuple[str, ...], lock: Path = _LOCK) -> str:
    """Return the lines of the lock for some packages and all that they need.

    Parameters
    ----------
    pinned : tuple of str
        The packages with their versions.
    lock : Path
        A requirements file with hashes.

    Returns
    -------
    str
        The content of a requirements file with hashes. It is empty if there is no lock, or the lock
        has other versions than `pinned`.
    """
    try:
        text = lock.read_text("utf-8").replace("\\\n", "")
    except OSError:
        return ""
    names = _with_dependencies([Requirement(each).name for each in pinned])
    lines, found = [], set()
    for line in text.splitlines():
        if (locked := _LOCKED.match(line)) and canonicalize_name(locked["name"]) in names:
            lines.append(" ".join(line.split()))
            found.add(f"{canonicalize_name(locked['name'])}=={locked['version']}")
    return "\n".join(lines) + "\n" if found >= {*pinned} else ""


def _with_dependencies(packages: Iterable[str]) -> set[str]:
    """Return packages and all that they need on any platform, without extras."""
    todo = [*packages]
    names: set[str] = set()
    while todo:
        name = canonicalize_name(todo.pop())
        if name in names:
            continue
        names.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # a package for another platform, which the lock may have
            continue
        needed = map(Requirement, lines)
        todo += [each.name for each in needed if "extra" not in str(each.marker)]
    return names
