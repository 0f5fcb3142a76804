"""What the run of training says about a model, for the documents that describe it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import urlparse

import mlflow
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from fairrun.data import KNOWN_DATASETS, is_database, is_preprocessed
from fairrun.errors import RequestError
from fairrun.inference import describe, load_model
from fairrun.models.open import OpenedModel
from fairrun.models.seal import ARTIFACT
from fairrun.pages import ModelFacts
from fairrun.tracking.datasets import read_spec
from fairrun.tracking.names import (
    BEFORE_AFTER,
    FINDINGS,
    LABEL_GROUP_COUNTS,
    LOCK,
    METADATA,
    MODEL_BYTES,
    RANDOMISED,
    READS_GROUP,
)

__all__ = ["facts_of_training"]

_TABLES = (LABEL_GROUP_COUNTS, FINDINGS, BEFORE_AFTER)
#: The folders of a logged model whose files answer rows.
_FOLDERS = (ARTIFACT, "code")


def facts_of_training(facts: ModelFacts, model: OpenedModel) -> ModelFacts:
    """Return facts with those of the model and of the run that trained it.

    What the run says is left out if it is not in this tracking store.

    Parameters
    ----------
    facts : ModelFacts
        What the evaluation knows.
    model : OpenedModel
        The model.

    Returns
    -------
    ModelFacts
    """
    columns, rule = _about_rule(model)
    ours: dict[str, Any] = (model.metadata.metadata or {})[METADATA]
    found = replace(
        facts,
        columns=columns,
        tags=rule,
        lock_digest=str(ours.get(LOCK, "")),
        model_bytes=_size(model),
    )
    run = _run_of(model)
    if run is None:
        return found
    run_id, logged = run.info.run_id, run.data
    return replace(
        found,
        training_run=run_id,
        parameters=dict(logged.params),
        tags=_without_mlflows(logged.tags) | rule,
        metrics=dict(logged.metrics),
        tables=_tables(run_id),
        model_bytes=logged.metrics.get(MODEL_BYTES, found.model_bytes),
        source=_source(run_id),
    )


def _run_of(model: OpenedModel) -> Run | None:
    """Return the run that trained a model; None if the store does not have it."""
    try:
        return mlflow.get_run(str(model.metadata.run_id)) if model.metadata.run_id else None
    except MlflowException:
        return None


def _without_mlflows(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags without those of MLflow, apart from the commit."""
    return {
        name: text
        for name, text in tags.items()
        if name == MLFLOW_GIT_COMMIT or not name.startswith(("mlflow.", "process."))
    }


def _about_rule(model: OpenedModel) -> tuple[Sequence[Mapping[str, str]], dict[str, str]]:
    """Return the input columns of a model, and the tags about its rule that the run may not have.

    The model itself is asked, because the run of a trial has no such tags.
    """
    try:
        loaded = load_model(model.folder / ARTIFACT)
    except Exception:  # whatever a model of an earlier version raises
        return (model.metadata.metadata or {})[METADATA].get("columns", ()), {}
    columns = [
        {key: str(column[key]) for key in ("name", "type", "role")}
        for column in describe(loaded)["columns"]
    ]
    reads_group, is_randomised = loaded.groups is not None, loaded.draws is not None
    return columns, {READS_GROUP: str(reads_group).lower(), RANDOMISED: str(is_randomised).lower()}


def _size(model: OpenedModel) -> float:
    """Return the bytes of the files that answer rows."""
    files = (path for name in _FOLDERS for path in (model.folder / name).rglob("*.*"))
    return float(sum(path.stat().st_size for path in files if path.is_file()))


def _tables(run_id: str) -> dict[str, pd.DataFrame]:
    """Return the tables that a run has logged, of those that documents show."""
    try:
        there = {each.path for each in mlflow.artifacts.list_artifacts(run_id=run_id)}
        return {
            name: pd.DataFrame(**mlflow.artifacts.load_dict(f"runs:/{run_id}/{name}.json"))
            for name in _TABLES
            if f"{name}.json" in there
        }
    except (MlflowException, OSError):  # the artifacts are gone, or nobody may read them
        return {}


def _source(run_id: str) -> str:
    """Return where the data of a run come from, without folders, hosts and passwords."""
    try:
        source = read_spec(run_id).source
    except RequestError:
        return ""
    return source_name(source)


def source_name(source: str) -> str:
    """Return the name of a source of data, which documents may show to everybody.

    Examples
    --------
    >>> source_name("census"), source_name("/home/ann/people.csv")
    ('census', 'people.csv')
    >>> source_name("https://ann:secret@example.org/people.csv?token=abc")
    'people.csv'
    >>> source_name("postgresql://ann:secret@host/people")
    'people (a postgresql database)'
    >>> source_name("runs:/0123/data")
    'the splits that run 0123 stored'
    """
    if source in KNOWN_DATASETS:
        return source
    if is_preprocessed(source):
        run_id = source.removeprefix("runs:/").partition("/")[0]
        return f"the splits that run {run_id} stored"
    is_url = re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", source) is not None
    path = urlparse(source).path if is_url else source
    name = PureWindowsPath(PurePosixPath(path).name).name
    if is_database(source):
        return f"{name or 'a query'} (a {source.partition(':')[0].partition('+')[0]} database)"
    return name
