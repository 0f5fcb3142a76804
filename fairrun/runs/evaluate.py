"""The `evaluate` run: a logged model, measured through what is served."""

from __future__ import annotations

import logging
import math
import platform
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel

from fairrun.data import (
    Dataset,
    DatasetSpec,
    Rows,
    is_preprocessed,
    prepare,
    prepare_rows,
)
from fairrun.data.sources import load_source
from fairrun.errors import RequestError
from fairrun.explanations import Overview, explain_model
from fairrun.inference import InputError, ModelError, load_model
from fairrun.inference.importing import without_bytecode
from fairrun.inference.pyfunc import ARTIFACT_NAME
from fairrun.metrics import (
    Evaluation,
    Gate,
    GateResult,
    ProtectedColumn,
    decide,
    evaluate_predictions,
)
from fairrun.reports import Origin, draw_evaluation, draw_explanations, render_report
from fairrun.tracking import (
    commit_of,
    load_preprocessed,
    log_evaluation,
    log_explanations,
    log_gate,
    log_input,
    log_parameters,
    log_report,
    project_of,
    read_spec,
    tracked_run,
)

__all__ = ["Evaluated", "measure", "protected_columns", "run_evaluate"]

_logger = logging.getLogger(__name__)

#: Below this share of selected rows, or above 1 minus it, a model hardly decides anything.
_FEW = 0.02

#: The finest table has a cell for each crossing of all protected values, and there are thousands of
#: replicates of it.
_MOST_CROSSINGS = 2000


@dataclass(frozen=True)
class Evaluated:
    """What an `evaluate` run found.

    Attributes
    ----------
    run_id : str
        The MLflow run.
    metrics : dict of str to float
        On the rows it names.
    rows : str
        Which rows: `test`, or the data that was given.
    gate : GateResult or None
        What the gate says; None if there was none.
    """

    run_id: str
    metrics: dict[str, float]
    rows: str
    gate: GateResult | None


def protected_columns(train: Rows, spec: DatasetSpec) -> tuple[ProtectedColumn, ...]:
    """Read the values of all protected columns off the rows a model is trained on.

    Parameters
    ----------
    train : Rows
        Those rows.
    spec : DatasetSpec
        Which columns are protected, and whom to compare.

    Raises
    ------
    RequestError
        If a group would have no row, or there are too many crossings to count.
    """
    columns = tuple(ProtectedColumn.from_frame(train.frame, each) for each in spec.protected)
    crossings = math.prod(column.size for column in columns)
    if crossings > _MOST_CROSSINGS:
        sizes = ", ".join(f"{column.name}: {len(column.values)}" for column in columns)
        raise RequestError(
            f"the protected columns have too many values to cross ({sizes}; {crossings} crossings "
            f"with missing ones, at most {_MOST_CROSSINGS}); give fewer columns, or coarser values"
        )
    return columns


def measure(answers: pd.DataFrame, rows: Rows, columns: Sequence[ProtectedColumn]) -> Evaluation:
    """Measure a model's answers.

    Parameters
    ----------
    answers : pandas.DataFrame
        `prediction` and `probability`, one row for each of `rows`.
    rows : Rows
        Labels and protected columns.
    columns : sequence of ProtectedColumn
        The protected columns as training saw them.
    """
    evaluation = evaluate_predictions(
        columns,
        [column.codes(rows.frame) for column in columns],
        rows.label,
        answers["prediction"].to_numpy(),
        answers["probability"].to_numpy(),
    )
    rate = evaluation.metrics["selection_rate"]
    if not _FEW < rate < 1 - _FEW:
        _logger.warning(
            "warning: %.1f%% of the rows are selected; look at roc_auc before any fairness metric, "
            "which hardly differs between groups where nearly everybody gets the same answer",
            100 * rate,
        )
    return evaluation


def run_evaluate(
    model: str,
    data: str | None = None,
    dataset: Dataset | None = None,
    protected: Sequence[str] | None = None,
    gate: Gate | None = None,
    report: bool = True,
) -> Evaluated:
    """Measure a logged model on the test split of its data, or on other labelled rows.

    Parameters
    ----------
    model : str
        Any model URI: `runs:/<run id>/model`, `models:/<name>/<version>`, a folder.
    data : str, optional
        Labelled rows with the model's columns and target: all of them are used. Not given, or the
        data the model was trained on: the test split of that.
    dataset : Dataset, optional
        The model's own data, where it is at hand; otherwise it is derived again and its digests
        are checked.
    protected : sequence of str, optional
        Which of the model's protected columns are measured; metrics without a suffix are about the
        first. Not given: all of them.
    gate : Gate, optional
        What the model must meet.
    report : bool
        Whether to draw plots, explain the model over the rows and write the report, which takes
        longer than all the rest.

    Raises
    ------
    RequestError
        If the model or the data cannot be had, or are not of this kind, or `protected` or the gate
        is about a column that is not protected.
    """
    loaded = _load_model(model)
    ours: dict[str, Any] = (loaded.metadata.metadata or {})["fairrun"]
    columns = _select(_columns_of(ours), protected)
    if gate is not None:
        gate.check(columns)
    name = str(ours["mitigator"])
    with tracked_run(f"evaluate {name}", {"mitigator": name}) as run:
        spec, rows, which = _rows(loaded.metadata, ours["dataset"], data, dataset)
        mlflow.set_tags({"protected": columns[0].name, "evaluated.rows": which})
        names = [column.name for column in columns]
        said = {"model": model, "rows": which, "protected": ",".join(names)}
        log_parameters({f"evaluate.{name}": value for name, value in said.items()})
        answers = _answer(loaded, rows)
        evaluation = measure(answers, rows, columns)
        schema: Any = loaded.metadata.get_input_schema()  # type: ignore[no-untyped-call]
        if columns[0].name in schema.input_names():
            evaluation = evaluation.with_flips(
                lambda frame: _answer(loaded, replace(rows, frame=frame))["prediction"], rows.frame
            )
        measured_on = log_input(rows, spec, context=which)
        result = None if gate is None else decide(gate, evaluation.counts, evaluation.audit)
        plots = draw_evaluation(evaluation, result) if report else {}
        log_evaluation(
            evaluation, model_id=loaded.metadata.model_id, dataset=measured_on, plots=plots
        )
        if gate is not None and result is not None:
            log_gate(gate, result)
        evaluated = Evaluated(run.info.run_id, evaluation.metrics, which, result)
        if not report:
            return evaluated
        overview = _explain(model, rows, columns[0])
        if overview is not None:
            explained = draw_explanations(overview)
            log_explanations(
                overview, model_id=loaded.metadata.model_id, dataset=measured_on, plots=explained
            )
            plots |= explained
        origin = Origin(
            model=model,
            mitigator=name,
            dataset=spec.name,
            digest=measured_on.digest,
            rows=which,
            target=spec.target,
            positive=spec.positive,
            run_id=run.info.run_id,
            command=_command(run.info.run_id, model, data, names, gate),
            commit=commit_of(run.info.run_id),
            versions=_versions(),
        )
        log_report(render_report(evaluation, origin, plots, gate, result, overview))
        return evaluated


def _select(
    columns: tuple[ProtectedColumn, ...], names: Sequence[str] | None
) -> tuple[ProtectedColumn, ...]:
    """Take the columns that are to be measured, in the order they are named."""
    if names is None:
        return columns
    known = {column.name: column for column in columns}
    others = [name for name in names if name not in known]
    if others or not names or len(set(names)) < len(names):
        train = ",".join([*known, *others])
        raise RequestError(
            f"protected={','.join(names)} cannot be measured: the model was trained with "
            f"{', '.join(known)}; give some of these, each once"
            + (f", or train with protected={train} and privileged=…" if others else "")
        )
    return tuple(known[name] for name in names)


def _command(
    run_id: str, model: str, data: str | None, protected: Sequence[str], gate: Gate | None
) -> str:
    """Write what to type to make an evaluation again, in the folder of the project or anywhere."""
    project = project_of(run_id)
    # A folder is where it was on this machine; a Git URL is the same for everybody.
    is_remote = not project.startswith("file:") and ("://" in project or "@" in project)
    words = ["mlflow", "run", project if is_remote else "."]
    words += ["-e", "evaluate", "-P", f"model={model}", "-P", f"protected={','.join(protected)}"]
    if data is not None:
        words += ["-P", f"data={data}"]
    if gate is not None:
        words += ["-P", f"gate={gate}"]
    return shlex.join(words)


def _versions() -> dict[str, str]:
    """Find the versions of what the numbers are computed with."""
    packages = ("mlflow", "numpy", "pandas", "scipy", "scikit-learn", "matplotlib")
    return {"Python": platform.python_version()} | {name: version(name) for name in packages}


def _columns_of(ours: dict[str, Any]) -> tuple[ProtectedColumn, ...]:
    """Give a model's protected columns; models once held the groups of the first alone."""
    if "protected" in ours:
        return tuple(map(ProtectedColumn.from_dict, ours["protected"]))
    groups = ours["groups"]
    values = [*groups["group_a"], *groups["group_b"]]
    document = {"name": groups["column"], "values": values}
    return (ProtectedColumn.from_dict(groups | document),)


def _answer(model: PyFuncModel, rows: Rows) -> pd.DataFrame:
    """Predict through MLflow, as a server does; its own errors hold rows, ours must not."""
    schema: Any = model.metadata.get_input_schema()  # type: ignore[no-untyped-call]
    missing = [name for name in schema.input_names() if name not in rows.frame]
    if missing:
        raise RequestError(
            f"the data lacks the model's columns {missing}; give rows that have them"
        )
    try:
        return pd.DataFrame(model.predict(rows.frame))
    except MlflowException as error:
        # The class of the model's own code, which is not this process's.
        if type(error).__name__ == "InputException":
            raise RequestError(error.message) from None
        raise RequestError(
            f"the data does not fit the model's signature {schema.input_types_dict()}; "
            "give numbers where it has double, and text where it has string"
        ) from None


def _explain(uri: str, rows: Rows, column: ProtectedColumn) -> Overview | None:
    """Explain a model over rows; None if it holds no explanations that this version can read."""
    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
    try:
        return explain_model(load_model(folder / "artifacts" / ARTIFACT_NAME), rows.frame, column)
    except (InputError, ModelError) as error:
        _logger.warning("warning: the model is not explained: %s", error)
        return None


def _load_model(uri: str) -> PyFuncModel:
    try:
        with without_bytecode():  # also by models whose own code would write some
            loaded: PyFuncModel = mlflow.pyfunc.load_model(uri)
    except (MlflowException, OSError, ValueError) as error:
        if type(error).__name__ == "ModelError":  # of the model's own code, as above
            raise RequestError(f"model={uri} is refused: {error}") from error
        raise RequestError(
            f"model={uri} cannot be loaded ({type(error).__name__}); give a model URI such as "
            "runs:/<run id>/model or models:/<name>/<version>"
        ) from error
    if "fairrun" not in (loaded.metadata.metadata or {}):
        raise RequestError(f"model={uri} was not made by fairrun; give the URI that train printed")
    return loaded


def _rows(
    model: Model, problem: dict[str, Any], data: str | None, dataset: Dataset | None
) -> tuple[DatasetSpec, Rows, str]:
    if dataset is not None:
        return dataset.spec, dataset.splits["test"], "test"
    if data is not None and not is_preprocessed(data):
        spec = DatasetSpec.from_dict(problem | {"source": data})
        rows, _ = prepare_rows(load_source(data), spec)
        return spec, rows, "evaluation"
    if data is not None:
        dataset = load_preprocessed(data)
    else:
        spec = read_spec(str(model.run_id))
        dataset = load_preprocessed(spec.source) if is_preprocessed(spec.source) else prepare(spec)
    return dataset.spec, dataset.splits["test"], "test"
