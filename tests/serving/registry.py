"""A registered model with versions that answer differently, and versions that cannot be served."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mlflow
import requests

from fairrun.models.saved import load_saved
from fairrun.models.seal import seal
from fairrun.serving.answering import Reply, answer
from tests.contract.conftest import Case
from tests.serving.running import in_a_thread

#: Versions of a `Registry`: two that answer, one with wrong golden answers, and a changed one.
FIRST, SECOND, WRONG, CHANGED, _THIRD = "1", "2", "3", "4", "5"
#: The columns of the first two differ.
ONLY_FIRST = "sex"


@dataclass
class Registry:
    """A registered model.

    Attributes
    ----------
    name : str
        Its name.
    folders : dict of str to Path
        The files of each version.
    """

    name: str
    folders: dict[str, Path]

    @property
    def uri(self) -> str:
        return f"models:/{self.name}@champion"

    @property
    def last(self) -> str:
        """A version with the same files as the second."""
        return _THIRD

    def point_to(self, version: str) -> None:
        mlflow.MlflowClient().set_registered_model_alias(self.name, "champion", version)

    def point_to_nothing(self) -> None:
        mlflow.MlflowClient().delete_registered_model_alias(self.name, "champion")

    def answer(self, version: str, body: bytes, query: bytes = b"") -> Reply:
        """What a version answers to a body, without any server."""
        return answer(_loaded(self.folders[version]), body, query)


_loaded = cache(load_saved)


def make_registry(name: str, first: Case, second: Case, folder: Path) -> Registry:
    folders = {FIRST: first.folder, SECOND: second.folder}
    folders[_THIRD] = second.folder
    folders[WRONG] = with_wrong_answers(first.folder, folder / "wrong")
    folders[CHANGED] = Path(shutil.copytree(first.folder, folder / "changed"))
    arrays = folders[CHANGED] / "artifacts" / "inference" / "model.json"
    arrays.write_bytes(arrays.read_bytes() + b" ")
    client = mlflow.MlflowClient()
    client.create_registered_model(name)
    for version, place in sorted(folders.items()):
        created = client.create_model_version(name, place.as_uri())
        assert str(created.version) == version
    registry = Registry(name, folders)
    registry.point_to(FIRST)
    return registry


def with_wrong_answers(folder: Path, copy: Path) -> Path:
    """Copy a model whose code then answers differently, with digests that fit."""
    shutil.copytree(folder, copy)
    scorer = copy / "code" / "inference" / "scorer.py"
    text = scorer.read_text("utf-8")
    changed = text.replace("np.add.accumulate(summands)[-1]", "-np.add.accumulate(summands)[-1]")
    changed = changed.replace("        return total\n", "        return -total\n")
    assert changed.count("-") > text.count("-") + 1
    scorer.write_text(changed, encoding="utf-8")
    seal(copy)
    return copy


class Asked:
    """A running app."""

    def __init__(self, address: str) -> None:
        self.address = address

    def version(self) -> dict[str, Any]:
        said: dict[str, Any] = requests.get(f"{self.address}/version", timeout=30).json()
        return said

    def predict(self, body: Any, query: str = "") -> requests.Response:
        return requests.post(f"{self.address}/predict{query}", json=body, timeout=60)

    def metrics(self) -> dict[str, float]:
        lines = requests.get(f"{self.address}/metrics", timeout=30).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def wait(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until `/version` meets a condition."""
        for _ in range(3000):
            if condition(said := self.version()):
                return said
            time.sleep(0.01)
        raise AssertionError(json.dumps(said))

    def wait_for(self, version: str) -> dict[str, Any]:
        return self.wait(lambda said: said["version"] == version)

    def wait_for_refusal(self, version: str) -> dict[str, Any]:
        return self.wait(lambda said: (said["refused"] or {}).get("version") == version)


@contextmanager
def asked(app: Any) -> Iterator[Asked]:
    """Serve an app from this process."""
    with in_a_thread(app) as address:
        yield Asked(address)
