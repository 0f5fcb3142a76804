"""What a command leaves in its folder: read without MLflow, compared, and put back."""

from __future__ import annotations

import sqlite3
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Model", "Run", "Snapshot", "State", "lacking"]

_STATUS_OF_MODELS = ("UNSPECIFIED", "PENDING", "READY", "FAILED")
#: Sizes of files depend a little on times and ids in them.
_SMALLEST = 0.8
_NOT_NEEDED = ("evaluated.", "mlflow.source.git", "sweep.chosen", "sweep.frontier", "sweep.model")
#: MLflow writes this file to the folder of a model when the model is loaded.
_WRITTEN_LATER = "registered_model_meta"


@dataclass(frozen=True)
class Run:
    """A run in the store: its names of metrics, parameters and tags, and its files with sizes."""

    run_id: str
    name: str
    status: str
    metrics: frozenset[str]
    parameters: frozenset[str]
    tags: Mapping[str, str]
    files: Mapping[str, int]


@dataclass(frozen=True)
class Model:
    """A logged model in the store: its folder, and its files with sizes."""

    model_id: str
    status: str
    run: str
    place: Path
    files: Mapping[str, int]


@dataclass(frozen=True)
class State:
    """All active runs and models of a store, by id."""

    runs: dict[str, Run] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> State:
        """Read `mlflow.db` in a folder."""
        state = cls()
        connection = sqlite3.connect(folder / "mlflow.db", timeout=60)
        try:

            def names(table: str, run_id: str) -> frozenset[str]:
                query = f"select key from {table} where run_uuid = ?"  # noqa: S608
                return frozenset(key for (key,) in connection.execute(query, [run_id]))

            runs = connection.execute(
                "select run_uuid, name, status, artifact_uri from runs "
                "where lifecycle_stage = 'active'"
            )
            for run_id, name, status, uri in runs.fetchall():
                tags = dict(
                    connection.execute("select key, value from tags where run_uuid = ?", [run_id])
                )
                state.runs[run_id] = Run(
                    *(run_id, name, status, names("latest_metrics", run_id)),
                    *(names("params", run_id), tags, _files(_path(uri))),
                )
            models = connection.execute(
                "select model_id, status, source_run_id, artifact_location from logged_models "
                "where lifecycle_stage = 'active'"
            )
            for model_id, status, run_id, uri in models.fetchall():
                run = state.runs.get(run_id)
                state.models[model_id] = Model(
                    *(model_id, _STATUS_OF_MODELS[status], run.name if run else ""),
                    *(_path(uri), _files(_path(uri))),
                )
        finally:
            connection.close()
        return state


def lacking(run: Run, whole: Run) -> str:
    """Return what a run lacks in comparison with a whole one; empty if nothing.

    Some tags need not be there. Earlier evaluations of the test rows may not be counted, which a
    warning says. A trial is finished before its sweep chooses, and before its model is logged.
    """
    tags = {name for name in whole.tags if not name.startswith(_NOT_NEEDED)}
    for kind, there, needed in (
        ("metrics", run.metrics, whole.metrics),
        ("parameters", run.parameters, whole.parameters),
        ("tags", set(run.tags), tags),
    ):
        if missing := set(needed) - set(there):
            return f"{kind} {sorted(missing)[:3]}"
    return smaller(run.files, whole.files)


def smaller(files: Mapping[str, int], whole: Mapping[str, int]) -> str:
    """Return the first file that is missing or too small; empty if there is none."""
    for name, size in whole.items():
        if files.get(name, -1) < _SMALLEST * size:
            return f"file {name}"
    return ""


class Snapshot:
    """The files of a folder, which can be put back while a database in it is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files, self._folders = self._read()

    def _read(self) -> tuple[dict[Path, bytes], set[Path]]:
        files, folders = {}, set()
        for path in self._folder.rglob("*"):
            if path.is_dir():
                folders.add(path)
            else:
                files[path] = path.read_bytes()
        return files, folders

    def restore(self) -> None:
        """Put all files back, in place: an open database keeps its file."""
        files, folders = self._read()
        for path in files.keys() - self._files.keys():
            path.unlink()
        for path in sorted(folders - self._folders, reverse=True):
            path.rmdir()
        for path in sorted(self._folders - folders):
            path.mkdir()
        for path, content in self._files.items():
            if files.get(path) != content:
                with path.open("r+b" if path in files else "wb") as file:
                    file.write(content)
                    file.truncate()


def _path(uri: str) -> Path:
    return Path(urllib.parse.unquote(urllib.parse.urlparse(uri).path))


def _files(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.name != _WRITTEN_LATER
    }
