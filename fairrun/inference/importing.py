"""Import the code of a saved model without writing compiled files next to it."""

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
    """Prevent imports in the block from writing `__pycache__`.

    The files of a saved model must not change. Compiled files contain paths of the machine that
    wrote them, and the folder of a model may be read-only.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def import_code(package: Path) -> ModuleType:
    """Import the inference code of a saved model under a name that is a digest of its content.

    Models with equal code share one module, and models with different code do not. A process can
    therefore load models that different versions saved.

    Parameters
    ----------
    package : Path
        The folder `code/inference` of a saved model.

    Returns
    -------
    module
        The package.

    Raises
    ------
    ImportError
        If the folder has no code.
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
