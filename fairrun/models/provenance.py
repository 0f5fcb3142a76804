"""Download a model through MLflow and look up its origin."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from fairrun.errors import StoreError
from fairrun.models.open import cannot_load, fetch_model
from fairrun.tracking.names import DATASET_DIGEST, GATE_VERDICT, MEASURED_ROWS, METADATA
from fairrun.tracking.store import open_store, reading

__all__ = ["Provenance", "fetch"]

_logger = logging.getLogger(__name__)

_REGISTERED = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[^/@]+))")


@dataclass(frozen=True)
class Provenance:
    """The origin of a model, which the server returns from `/version`.

    Attributes
    ----------
    model_uri : str
        The model URI as it was given.
    name : str or None
        The name in the registry.
    version : str or None
        The version in the registry. For an alias, this is its version when the model was loaded.
    model_id, run_id : str or None
        MLflow's ids of the model and of the run that trained it.
    mitigator : str or None
        The name of the mitigator.
    data_digest : str or None
        The digest of the training rows.
    git_commit : str or None
        The Git commit of the project that trained the model.
    gate : str or None
        The verdict of the gate: the tag of the registered version, or else that of the last
        evaluation with a gate, where an evaluation of the test rows goes before one of other rows.
    """

    model_uri: str
    name: str | None = None
    version: str | None = None
    model_id: str | None = None
    run_id: str | None = None
    mitigator: str | None = None
    data_digest: str | None = None
    git_commit: str | None = None
    gate: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can represent."""
        return asdict(self)


def fetch(uri: str) -> tuple[Path, Provenance]:
    """Download a model and look up its origin.

    Parameters
    ----------
    uri : str
        Any model URI; see `fetch_model`.

    Returns
    -------
    folder : Path
        The folder with its files.
    provenance : Provenance
        The origin. Fields that are not in the tracking store are None.

    Raises
    ------
    RequestError
        If the model cannot be loaded.
    """
    name: str | None = None
    version: str | None = None
    tags: dict[str, str] = {}
    wanted = uri
    if registered := _REGISTERED.fullmatch(uri):
        # An alias can change at any time, so the version is looked up once and then downloaded.
        with reading(cannot_load(uri)):
            version, tags = _version(**registered.groupdict())
        name = registered["name"]
        wanted = f"models:/{name}/{version}"
    folder, saved = fetch_model(wanted)
    ours: dict[str, Any] = (saved.metadata or {}).get(METADATA, {})
    run, gate = _look_up(saved)
    return folder, Provenance(
        model_uri=uri,
        name=name,
        version=version,
        model_id=saved.model_id,
        run_id=saved.run_id,
        mitigator=ours.get("mitigator"),
        data_digest=_tag(run, DATASET_DIGEST),
        git_commit=_tag(run, MLFLOW_GIT_COMMIT),
        gate=tags.get(GATE_VERDICT) or gate,
    )


def _version(name: str, version: str | None, alias: str | None) -> tuple[str, dict[str, str]]:
    client = mlflow.MlflowClient()
    if alias is not None:
        found = client.get_model_version_by_alias(name, alias)
    else:
        found = client.get_model_version(name, str(version))
    return str(found.version), dict(found.tags)


def _look_up(saved: Model) -> tuple[Run | None, str | None]:
    """Return the run that trained a model, and the verdict of its evaluations; see `Provenance`."""
    client = mlflow.MlflowClient()
    try:
        open_store()
        run = client.get_run(saved.run_id) if saved.run_id else None
        if not saved.model_id:
            return run, None
        metrics = client.get_logged_model(saved.model_id).metrics or []
        evaluations = [client.get_run(str(id_)) for id_ in {metric.run_id for metric in metrics}]
    except (MlflowException, StoreError) as error:
        why = error if isinstance(error, StoreError) else "its run is not in this tracking store"
        _logger.warning("/version leaves out details of the model, because %s", why)
        return None, None
    gated = [each for each in evaluations if GATE_VERDICT in each.data.tags]
    # If two evaluations started in the same millisecond, their ends decide, so that all processes
    # choose the same one.
    last = max(gated, key=_rank, default=None)
    return run, _tag(last, GATE_VERDICT)


def _rank(run: Run) -> tuple[bool, int, int, str]:
    is_test = _tag(run, MEASURED_ROWS) == "test"
    return is_test, run.info.start_time, run.info.end_time or 0, run.info.run_id


def _tag(run: Run | None, name: str) -> str | None:
    return None if run is None else run.data.tags.get(name) or None
