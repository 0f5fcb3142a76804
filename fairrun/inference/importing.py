"""Importing a saved model's own code, without leaving a file beside it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

__all__ = ["import_code", "without_bytecode"]


@contextmanager
def without_bytecode() -> Iterator[None]:
    """Keep Python from writing `__pycache__` beside what is imported in the block.

    A saved model stays as it was logged, byte for byte: compiled files name folders of the machine
    that wrote them, and a model's folder may be read-only.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def import_code(package: Path) -> ModuleType:
    """Import the inference code of a saved model under a name made from its content.

    Two models with the same code share one module. Models with different code never do, so one
    process can hold models that were saved by different versions.

    Parameters
    ----------
    package : Path
        The folder `code/inference` of a saved model.

    Returns
    -------
    module
        The package, as `import` gives it.

    Raises
    ------
    ImportError
        If there is no code at that place.
    """
    digest = hashlib.sha256()
    for source in sorted(package.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    name = f"fairrun_inference_{digest.hexdigest()[:16]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, package / "__init__.py", submodule_search_locations=[str(package)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"no inference code at {package}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with without_bytecode():
            spec.loader.exec_module(module)
    return sys.modules[name]
