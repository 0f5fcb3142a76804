"""Importing the code of a saved model, without leaving a file beside it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

__all__ = ["import_code"]


class _Uncached(SourceFileLoader):
    """A loader that neither writes nor reads a compiled file.

    A saved model stays as it was logged, byte for byte: compiled files contain paths of the machine
    that wrote them, and the folder of a model may be read-only. A compiled file that someone else
    has put there is not read, because the manifest has no digest of it.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def import_code(package: Path) -> ModuleType:
    """Import the inference code of a saved model under a name made from its content.

    Two models with the same code share one module. Models with different code never do, so one
    process can hold models that were saved by different versions. Threads may import at once.

    Parameters
    ----------
    package : Path
        The folder `code/inference` of a saved model.

    Returns
    -------
    module
        The package, as `import` returns it.

    Raises
    ------
    ImportError
        If there is no code at that place. What the code itself raises is raised as well, and
        nothing of the package stays imported.
    """
    digest = hashlib.sha256()
    for source in sorted(package.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    name = f"fairrun_inference_{digest.hexdigest()[:16]}"
    with _lock():
        if name not in sys.modules:
            _import(name, package)
        return sys.modules[name]


def _lock() -> Any:
    """Return the one lock of this process; each saved model has a copy of this file."""
    holder = sys.modules.setdefault("_fairrun_importing", ModuleType("_fairrun_importing"))
    return holder.__dict__.setdefault("lock", threading.RLock())


def _import(name: str, package: Path) -> None:
    init = package / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        name,
        init,
        loader=_Uncached(name, str(init)),
        submodule_search_locations=[str(package)],
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no inference code at {package}")
    # The modules of the package are found through this cache, and so by the same loader.
    sys.path_importer_cache[str(package)] = FileFinder(str(package), (_Uncached, [".py"]))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for each in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[each]
        raise
