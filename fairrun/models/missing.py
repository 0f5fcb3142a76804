"""Find out which part of a model URI the tracking store does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlparse

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus, Run

from fairrun.models.address import FORMS, cannot_load
from fairrun.text import did_you_mean, listed_names
from fairrun.tracking.faults import is_not_there, without_password

__all__ = ["say_missing"]

_Found = TypeVar("_Found")

#: Registered models whose names are compared with a name that is not registered.
_MOST_NAMES = 200
_OTHERS = f"give {FORMS}"


def say_missing(uri: str) -> str:
    """Return the message for a model that the store does not have: which part is missing.

    Parameters
    ----------
    uri : str
        A model URI of a known form; see `check_address`.

    Returns
    -------
    str
    """
    parsed = urlparse(uri, allow_fragments=False)
    path = parsed.path.strip("/")
    client = MlflowClient()
    if parsed.scheme == "runs":
        because, instead = _of_run(client, *path.split("/", 1))
    elif parsed.scheme == "models" and path.startswith("m-"):
        because, instead = _of_logged_model(client, path)
    elif parsed.scheme == "models":
        because, instead = _of_registered(client, path)
    else:
        because, instead = "there is no file MLmodel at this address", "check the address"
    return cannot_load(uri, because, instead)


def _of_run(client: MlflowClient, run_id: str, name: str = "") -> tuple[str, str]:
    run = _get(client.get_run, run_id)
    if run is None:
        return (
            f"{_store()} has no run {run_id}",
            "check the id, or set MLFLOW_TRACKING_URI to the store of the run",
        )
    if run.info.lifecycle_stage == "deleted":
        return f"the run {run_id} was deleted", f"type: mlflow runs restore --run-id {run_id}"
    known = _models_of(client, run)
    if not known:
        return (
            f"the run {run_id} ({run.info.run_name}, {run.info.status}) has no model",
            "give a run of train, or the model of a sweep that its last lines name",
        )
    if name in known:
        return f"the files of the model {name} of the run are gone", "restore them, or train again"
    nearest = did_you_mean(name, known, f"it has {listed_names(known)}")
    return f"the run {run_id} has no model {name!r}", nearest


def _models_of(client: MlflowClient, run: Run) -> list[str]:
    """Return the names of the models of a run, also of those that older MLflow wrote to folders."""
    names = set()
    for output in run.outputs.model_outputs if run.outputs else []:
        logged = _get(client.get_logged_model, output.model_id)
        names |= set() if logged is None else {logged.name}
    for folder in _get(client.list_artifacts, run.info.run_id) or []:
        inside = client.list_artifacts(run.info.run_id, folder.path) if folder.is_dir else []
        if f"{folder.path}/MLmodel" in {each.path for each in inside}:
            names.add(folder.path)
    return sorted(names)


def _of_logged_model(client: MlflowClient, model_id: str) -> tuple[str, str]:
    found = _get(client.get_logged_model, model_id)
    if found is None:
        return f"{_store()} has no model {model_id}", _OTHERS
    if found.status != LoggedModelStatus.READY:
        return f"the model {model_id} was not completely logged ({found.status})", "train again"
    return f"the files of the model {model_id} are gone", "restore them, or train again"


def _of_registered(client: MlflowClient, path: str) -> tuple[str, str]:
    by_alias = "/" not in path
    name, _, wanted = path.rpartition("@" if by_alias else "/")
    model = _get(client.get_registered_model, name)
    if model is None:
        found: Any = _get(client.search_registered_models, max_results=_MOST_NAMES) or []
        names = sorted(each.name for each in found)
        known = f"the registered models are {listed_names(names)}"
        nearest = did_you_mean(name, names, known if names else "no model is registered there")
        return f"{_store()} has no registered model {name!r}", nearest
    if by_alias:
        aliases = sorted(model.aliases)
        if wanted not in aliases:
            nearest = did_you_mean(wanted, aliases, f"it has {listed_names(aliases) or 'none'}")
            return f"the registered model {name!r} has no alias {wanted!r}", nearest
    else:
        numbers: Any = _get(client.search_model_versions, f"name='{name}'") or []
        versions = [str(n) for n in sorted(int(each.version) for each in numbers)]
        if wanted not in versions:
            known = f"it has {listed_names(versions)}" if versions else "it has none yet"
            return f"the registered model {name!r} has no version {wanted}", known
    return f"the files of {name!r} {wanted} are gone", "restore them, or give another version"


def _store() -> str:
    return f"the tracking store {without_password(mlflow.get_tracking_uri())}"


def _get(ask: Callable[..., _Found], *about: Any, **limits: Any) -> _Found | None:
    """Return what the store answers; None if it does not have it."""
    try:
        return ask(*about, **limits)
    except Exception as error:
        if is_not_there(error):
            return None
        raise
