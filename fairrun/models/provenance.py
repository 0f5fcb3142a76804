"""Download a model through MLflow and look up its origin."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from fairrun.errors import StoreError
from fairrun.models.missing import say_missing
from fairrun.models.open import fetch_model
from fairrun.tracking.names import DATASET_DIGEST, GATE_VERDICT, MEASURED_ROWS, METADATA
from fairrun.tracking.store import impatient, open_store, reading

__all__ = ["Alias", "Pointed", "Provenance", "alias_of", "fetch", "look_up"]

_logger = logging.getLogger(__name__)

_REGISTERED = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[^/@]+))")


@dataclass(frozen=True)
class Alias:
    """An alias of a registered model, such as `champion`.

    Attributes
    ----------
    name : str
        The name in the registry.
    alias : str
        The alias.
    """

    name: str
    alias: str

    def __str__(self) -> str:
        return f"models:/{self.name}@{self.alias}"


@dataclass(frozen=True)
class Pointed:
    """The registered version that an alias points to.

    Attributes
    ----------
    version : str
        The number of the version.
    created : int
        When it was registered. If a name is deleted and registered again, its versions are numbered
        from 1 again.
    tags : dict of str to str
        The tags of the version.
    """

    version: str
    created: int
    tags: dict[str, str] = field(default_factory=dict, compare=False)


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


def alias_of(uri: str) -> Alias | None:
    """Return the alias that a model URI names; None for every other form of a URI.

    Examples
    --------
    >>> alias_of("models:/income@champion")
    Alias(name='income', alias='champion')
    >>> alias_of("models:/income/3") is None
    True
    """
    registered = _REGISTERED.fullmatch(uri)
    if registered is None or registered["alias"] is None:
        return None
    return Alias(registered["name"], registered["alias"])


def look_up(alias: Alias) -> Pointed:
    """Return the version that an alias points to now.

    Raises
    ------
    RequestError
        If the registry has no such model or alias.
    StoreError
        If the registry cannot be used.
    """
    # A server looks again and again, and has to notice soon if the registry does not answer.
    with impatient(), reading(lambda: say_missing(str(alias))):
        found = mlflow.MlflowClient().get_model_version_by_alias(alias.name, alias.alias)
    return _pointed(found)


def fetch(
    uri: str, *, pointed: Pointed | None = None, into: Path | None = None
) -> tuple[Path, Provenance]:
    """Download a model and look up its origin.

    Parameters
    ----------
    uri : str
        Any model URI; see `fetch_model`.
    pointed : Pointed, optional
        The version to download if the URI names an alias. By default, it is looked up.
    into : Path, optional
        A folder for the files. By default, MLflow chooses one, or the files of a store on this
        machine are used where they are.

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
    StoreError
        If the registry or the artifact store cannot be used.
    """
    name: str | None = None
    version: str | None = None
    tags: dict[str, str] = {}
    wanted = uri
    if registered := _REGISTERED.fullmatch(uri):
        # An alias can change at any time, so the version is looked up once and then downloaded.
        name = registered["name"]
        if pointed is None:
            alias = alias_of(uri)
            pointed = look_up(alias) if alias else _version(uri, name, registered["version"])
        version, tags = pointed.version, pointed.tags
        wanted = f"models:/{name}/{version}"
    folder, saved = fetch_model(wanted, into)
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


def _version(uri: str, name: str, version: str) -> Pointed:
    with reading(lambda: say_missing(uri)):
        return _pointed(mlflow.MlflowClient().get_model_version(name, version))


def _pointed(found: ModelVersion) -> Pointed:
    return Pointed(str(found.version), found.creation_timestamp or 0, dict(found.tags))


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
