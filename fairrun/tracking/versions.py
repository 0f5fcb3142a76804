"""Write what an evaluation found to the registered versions of its model: tags and a description.

The verdict of a version is that of its test rows. An evaluation of other rows does not replace it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.utils.models import get_model_name_and_version

from fairrun.groups import ProtectedColumn
from fairrun.tracking.faults import fault_of
from fairrun.tracking.names import DATASET_DIGEST, GATE_VERDICT, MEASURED_ROWS, MITIGATOR
from fairrun.tracking.store import impatient
from fairrun.tracking.version_notes import VERSION_TAGS, notes_of_version, training_run

__all__ = ["describe_versions", "description_of_version", "versions_of_run"]

_logger = logging.getLogger(__name__)

#: More versions of one model than this are not written.
_MOST = 100


def describe_versions(uri: str, model_id: str | None, run_id: str, column: ProtectedColumn) -> None:
    """Write the verdict and the numbers of an evaluation to the registered versions of its model.

    The tags `mitigator` and `dataset.digest` are written after every evaluation, the tag
    `fairness.gate` after an evaluation of the test rows with a gate. The tags with the run of the
    evaluation, its model card and its reference for monitoring follow the verdict. So does the
    description, which is the short card and names the run that it is about. Each write is true on
    its own, so a process that ends between two of them leaves nothing wrong, and the next
    evaluation writes the rest. A value that is there already is not written.

    A user who may evaluate a model need not be allowed to write to the registry. A fault is
    therefore a warning, and the evaluation goes on.

    Parameters
    ----------
    uri : str
        The URI of the evaluated model. If it names a version or an alias, only this version is
        written, and otherwise all versions of the model. A folder has no versions.
    model_id : str or None
        The id of the logged model.
    run_id : str
        The run of the evaluation, which has logged its metrics and its verdict.
    column : ProtectedColumn
        The first protected column, which the metrics compare.
    """
    if not uri.startswith(("models:", "runs:")):
        return
    try:
        with impatient():
            versions = _versions(uri, model_id)
            if not versions:
                return
            evaluation = mlflow.get_run(run_id)
            for version in versions:
                _write(version, evaluation, column)
    except Exception as error:
        fault = fault_of(error)
        if fault is None and not isinstance(error, (MlflowException, OSError)):
            raise
        _logger.warning(
            "warning: the registered versions of this model may keep the verdict and the "
            "description of an earlier evaluation, because %s",
            fault or f"the registry refused a request ({type(error).__name__})",
        )


def description_of_version(
    name: str, model_id: str, run_id: str, column: ProtectedColumn, decision: str, uri: str
) -> str:
    """Return the description of a version that a decision is about, as Markdown.

    What people wrote above fairrun's part is kept.

    Parameters
    ----------
    name : str
        The name of the registered model, which may have no version of the model yet.
    model_id : str
        The id of the logged model.
    run_id : str
        The run of the evaluation.
    column : ProtectedColumn
        The first protected column.
    decision : str
        The decision, as a paragraph in Markdown.
    uri : str
        The URI by which the version is served; empty if it should not be.

    Returns
    -------
    str
    """
    trained_by = mlflow.MlflowClient().get_logged_model(model_id).source_run_id
    found = _versions(f"models:/{model_id}", model_id)
    written = next((each.description or "" for each in found if each.name == name), "")
    about = (mlflow.get_run(run_id), training_run(trained_by), column)
    return notes_of_version(uri, *about, written, decision).description


def versions_of_run(run_id: str) -> list[ModelVersion]:
    """Return the registered versions of the models that a run has logged, at most 100."""
    client = mlflow.MlflowClient()
    return [*client.search_model_versions(f"run_id = '{run_id}'", max_results=_MOST)]


def _versions(uri: str, model_id: str | None) -> list[ModelVersion]:
    """Return the versions that a URI means, which all have the evaluated model."""
    client = mlflow.MlflowClient()
    # The name and the number of a version, or the id of a logged model alone.
    name, *number = ("",)
    if uri.startswith("models:"):
        name, *number = get_model_name_and_version(client, uri)  # type: ignore[no-untyped-call]
    if number and uri.endswith(f"/{number[0]}"):
        return [client.get_model_version(name, str(number[0]))]
    trained_by = client.get_logged_model(model_id).source_run_id if model_id else None
    found = versions_of_run(trained_by) if trained_by else []
    ours = [each for each in found if model_id in (each.model_id, *_parts(each.source))]
    # A version that was copied has another version as its source.
    for _ in found:
        known = {f"models:/{each.name}/{each.version}" for each in ours}
        ours = [each for each in found if each in ours or each.source in known]
    if number:
        # An alias may have moved to another model since the evaluation has loaded it.
        return [each for each in ours if (each.name, str(each.version)) == (name, str(number[0]))]
    return ours


def _parts(source: str | None) -> list[str]:
    return (source or "").split("/")


def _write(version: ModelVersion, evaluation: Run, column: ProtectedColumn) -> None:
    """Write tags and description of one version, the tag that servers read before the text."""
    uri = f"models:/{version.name}/{version.version}"
    training = training_run(version.run_id)
    of_training: Mapping[str, str] = {} if training is None else training.data.tags
    measured = evaluation.data.tags
    _tag(version, MITIGATOR, measured.get(MITIGATOR))
    _tag(version, DATASET_DIGEST, of_training.get(DATASET_DIGEST))
    verdict, before = measured.get(GATE_VERDICT), version.tags.get(GATE_VERDICT)
    if measured.get(MEASURED_ROWS) != "test":
        if verdict is not None:
            _logger.info(
                "the tag %s of %s is not changed (now: %s), because it is the verdict of the test "
                "rows, and these are other rows",
                *(GATE_VERDICT, uri, before or "none"),
            )
        return
    if verdict is None and before is not None:
        return  # The description goes with the verdict.
    _tag(version, GATE_VERDICT, verdict)
    if verdict is not None and verdict != before:
        was = before or "none"
        _logger.info("%s has the tag %s=%s (before: %s)", uri, GATE_VERDICT, verdict, was)
    written = version.description or ""
    notes = notes_of_version(uri, evaluation, training, column, written)
    for name in VERSION_TAGS:
        _tag(version, name, notes.tags.get(name), or_delete=True)
    if notes.description != written:
        mlflow.MlflowClient().update_model_version(
            version.name, str(version.version), notes.description
        )


def _tag(version: ModelVersion, name: str, value: str | None, *, or_delete: bool = False) -> None:
    """Set a tag of a version unless it has this value; without a value, delete it or leave it."""
    client, about = mlflow.MlflowClient(), (version.name, str(version.version), name)
    if value and version.tags.get(name) != value:
        client.set_model_version_tag(*about, value)
    elif not value and or_delete and name in version.tags:
        client.delete_model_version_tag(*about)
