"""Names and shapes of all that is logged; no other file spells an artifact path.

Everything goes to the active MLflow run.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_COMMIT,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
)

from fairrun.data import (
    KNOWN_PROBLEMS,
    SPLIT_NAMES,
    Dataset,
    DatasetSpec,
    Rows,
    is_preprocessed,
)
from fairrun.errors import RequestError
from fairrun.explanations import Overview
from fairrun.groups import without_empty_neither
from fairrun.metrics import Evaluation, Gate, GateResult, bias_table, confusion_table
from fairrun.reports import Plot, to_png

__all__ = [
    "COUNTS",
    "MODEL_NAME",
    "SWEEP_TRIAL",
    "check_tracking_uri",
    "commit_of",
    "load_preprocessed",
    "log_dataset",
    "log_evaluation",
    "log_explanations",
    "log_figure",
    "log_gate",
    "log_input",
    "log_page",
    "log_parameters",
    "log_report",
    "log_spec",
    "log_sweep",
    "log_table",
    "loggable",
    "project_of",
    "read_spec",
    "read_sweep",
    "tracked_run",
]

#: The logged model's name, so that `runs:/<run id>/model` is its URI.
MODEL_NAME = "model"

#: Of a trial of a sweep: its number.
SWEEP_TRIAL = "sweep.trial"

_SPEC = "dataset.json"
_SWEEP = "sweep.json"
_SWEEP_PAGE = "sweep.html"
_DATA = "data"
COUNTS = "counts.json"
_SCORES = "score_histogram.json"
_BIAS_METRICS = "bias_metrics.json"
_CONFUSION = "confusion_matrices.json"
_FRONTIER = "threshold_frontier.json"
_GATE = "gate.json"
_AUDIT = "audit"
_EXPLANATIONS = "explanations"
_PLOTS = "plots"
_REPORT = "report.html"

#: MLflow's stores take a thousand in one batch, and a run's page gets no better with more.
_MOST_METRICS = 500
#: Names of columns are part of names of metrics, which MLflow also reads as paths.
_NOT_IN_A_NAME = re.compile(r"[^\w.\-: ]|^\.+$")

#: A store whose place depends on the working directory: `sqlite:///runs.db`, `file:runs`, `runs`.
_RELATIVE_STORE = re.compile(
    r"(?P<scheme>sqlite(?:\+\w+)?:///|file:|(?!databricks))(?P<path>[^/:?][^:?]*)(?:\?.*)?"
)


def check_tracking_uri() -> None:
    """Refuse a relative tracking URI that `mlflow run` resolved in another folder than this one.

    `mlflow run` makes its run where it is typed, and hands the URI on as it stands to a command
    that works in the project's folder: there a relative path is another store, or none yet.

    Raises
    ------
    RequestError
        If `mlflow run` started this process, its store is relative, and the run is not in it.
    """
    run_id = os.environ.get("MLFLOW_RUN_ID")
    uri = mlflow.get_tracking_uri()
    relative = _RELATIVE_STORE.fullmatch(uri)
    if run_id is None or relative is None:
        return
    # Asking a store that is not there would make it.
    if Path(relative["path"]).exists():
        with suppress(MlflowException):
            mlflow.MlflowClient().get_run(run_id)
            return
    absolute = f"{relative['scheme']}$PWD/{uri.removeprefix(relative['scheme'])}"
    raise RequestError(
        f"MLFLOW_TRACKING_URI={uri} is relative, and is not the store of this run in the folder of "
        f'the project; give MLFLOW_TRACKING_URI="{absolute}" where mlflow run is typed'
    )


@contextmanager
def tracked_run(name: str, tags: Mapping[str, str] | None = None) -> Iterator[Run]:
    """Open the MLflow run that `mlflow run` made, or a new one; a child inside another.

    Parameters
    ----------
    name : str
        The run's name.
    tags : mapping, optional
        Its tags.

    Yields
    ------
    mlflow.entities.Run
        The run; it ends FAILED if an exception leaves the block.
    """
    nested = mlflow.active_run() is not None
    with mlflow.start_run(run_name=name, nested=nested, tags=dict(tags or {})) as run:
        yield run


def commit_of(run_id: str) -> str:
    """Give the Git commit that a run was started from; empty if MLflow did not find one."""
    return str(mlflow.MlflowClient().get_run(run_id).data.tags.get(MLFLOW_GIT_COMMIT, ""))


def project_of(run_id: str) -> str:
    """Give the project a run was started from, as `mlflow run` takes it: a folder or a Git URL.

    A run that `mlflow run` did not start gives `.`, this folder.
    """
    tags = mlflow.MlflowClient().get_run(run_id).data.tags
    return tags[MLFLOW_SOURCE_NAME] if tags.get(MLFLOW_SOURCE_TYPE) == "PROJECT" else "."


def log_parameters(parameters: Mapping[str, object]) -> None:
    """Log resolved parameters under names with a dot.

    `mlflow run` has logged what was typed under the entry point's own names, as text; a dot keeps
    the two apart, and gives a run of any entry point the same names.
    """
    mlflow.log_params({name: _text(value) for name, value in parameters.items()})


def _text(value: object) -> str:
    return "none" if value is None else str(value)


def log_table(name: str, table: pd.DataFrame) -> None:
    """Log an MLflow table, `<name>.json`."""
    mlflow.log_table(table, f"{name}.json")


def log_figure(name: str, figure: Figure) -> None:
    """Log a plot, `plots/<name>.png`."""
    _log_plots({name: to_png(figure)})


def _log_plots(pictures: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, png in pictures.items():
            (Path(folder) / f"{name}.png").write_bytes(png)
        mlflow.log_artifacts(folder, _PLOTS)


def log_spec(spec: DatasetSpec) -> None:
    """Log the spec the rows can be derived from again."""
    mlflow.log_dict(spec.to_dict(), _SPEC)
    digests = dict(spec.digests)
    mlflow.set_tags(
        {
            "protected": spec.protected[0].column,
            "dataset.name": spec.name,
            "dataset.digest": digests.get("train", ""),
        }
    )
    log_parameters(
        {
            "data.name": spec.name,
            "data.target": spec.target,
            "data.positive": spec.positive,
            "data.protected": ",".join(p.column for p in spec.protected),
            "data.privileged": ",".join(p.privileged for p in spec.protected),
            "data.drop": ",".join(spec.drop),
            "data.changeable": ",".join(spec.changeable),
            "data.missing": spec.missing,
            "data.validation_size": spec.splits.validation,
            "data.test_size": spec.splits.test,
            "data.seed": spec.splits.seed,
        }
    )


def read_spec(run_id: str) -> DatasetSpec:
    """Read the spec that a run logged, or the sweep that it is a trial of.

    Raises
    ------
    RequestError
        If the run is not there or has none.
    """
    try:
        tags = mlflow.get_run(run_id).data.tags
        logged_by = tags[MLFLOW_PARENT_RUN_ID] if SWEEP_TRIAL in tags else run_id
        saved = mlflow.artifacts.load_dict(f"runs:/{logged_by}/{_SPEC}")
    except (MlflowException, OSError) as error:
        raise RequestError(
            f"the run {run_id} has no {_SPEC}; give the id of a run that fairrun made, or data=…"
        ) from error
    return DatasetSpec.from_dict(saved)


def log_page(html: str) -> None:
    """Log the page of a sweep, `sweep.html`."""
    mlflow.log_text(html, _SWEEP_PAGE)


def log_sweep(request: Mapping[str, object]) -> None:
    """Log what a sweep was asked for: `read_sweep` gives it back, so that it can be resumed."""
    mlflow.log_dict(dict(request), _SWEEP)
    mlflow.set_tags({f"sweep.{name}": _text(request[name]) for name in ("method", "objective")})


def read_sweep(run_id: str) -> dict[str, Any]:
    """Read what a sweep was asked for.

    Raises
    ------
    RequestError
        If the run is not there or is no sweep.
    """
    try:
        saved: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{run_id}/{_SWEEP}")
    except (MlflowException, OSError) as error:
        raise RequestError(
            f"the run {run_id} has no {_SWEEP}; give the id of a run that sweep made"
        ) from error
    return saved


def log_input(rows: Rows, spec: DatasetSpec, context: str) -> PandasDataset:
    """Log rows as an MLflow dataset input: name, schema and digest, no row.

    Parameters
    ----------
    rows : Rows
        The rows.
    spec : DatasetSpec
        Where they come from.
    context : str
        `train`, `validation`, `test` or `evaluation`.
    """
    # MLflow resolves files and remote URIs, but neither names nor artifacts of a run.
    if spec.source in KNOWN_PROBLEMS or is_preprocessed(spec.source):
        source: DatasetSource = CodeDatasetSource(tags={"source": spec.source})
    else:
        source = resolve_dataset_source(spec.source)
    dataset = _TypedDataset(
        rows.frame.assign(**{spec.target: rows.label}),
        source=source,
        targets=spec.target,
        name=spec.name,
        digest=dict(spec.digests).get(context) or rows.digest(),
    )
    mlflow.log_input(dataset, context=context)
    return dataset


class _TypedDataset(PandasDataset):
    """A dataset whose columns are numbers or text, the last one the label.

    MLflow finds a schema by looking at every value, which takes seconds and is known here.
    """

    @cached_property
    def schema(self) -> Schema:
        """One type for each column; required where no value is missing."""
        kinds = [
            DataType.double if pd.api.types.is_float_dtype(dtype) else DataType.string
            for dtype in self.df.dtypes[:-1]
        ]
        required = self.df.notna().all()
        columns: list[ColSpec | TensorSpec] = [
            ColSpec(kind, name, required=bool(required[name]))
            for kind, name in zip([*kinds, DataType.long], self.df.columns, strict=True)
        ]
        return Schema(columns)


def log_dataset(dataset: Dataset) -> None:
    """Log the three splits as Parquet beside their spec, for later runs to start from."""
    spec = dataset.spec
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in dataset.splits.items():
            frame = rows.frame.assign(**{spec.target: rows.label})
            frame.to_parquet(Path(folder) / f"{name}.parquet", index=False)
        (Path(folder) / _SPEC).write_text(json.dumps(spec.to_dict(), indent=1), encoding="utf-8")
        mlflow.log_artifacts(folder, _DATA)


def load_preprocessed(data: str) -> Dataset:
    """Load what an earlier `preprocess` logged.

    Parameters
    ----------
    data : str
        Its run id, or the URI of its folder of splits (`runs:/<run id>/data`).

    Returns
    -------
    Dataset
        The splits. Their spec's source is that URI.

    Raises
    ------
    RequestError
        If there is no such run, or its files are not what it logged.
    """
    uri = data if "/" in data else f"runs:/{data}/{_DATA}"
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
        saved = json.loads((folder / _SPEC).read_text(encoding="utf-8"))
        frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in SPLIT_NAMES}
    except (MlflowException, OSError, ValueError) as error:
        raise RequestError(
            f"data={data} is not a preprocess run; give the run id that preprocess printed"
        ) from error
    spec = replace(DatasetSpec.from_dict(saved), source=uri)
    splits = {name: _rows(frame, spec) for name, frame in frames.items()}
    if {name: rows.digest() for name, rows in splits.items()} != dict(spec.digests):
        raise RequestError(f"the files of {uri} were changed after preprocess; run it again")
    return Dataset(spec, splits, n_dropped=0)


def _rows(frame: pd.DataFrame, spec: DatasetSpec) -> Rows:
    label = frame.pop(spec.target).to_numpy()
    text = frame.columns[[not pd.api.types.is_numeric_dtype(t) for t in frame.dtypes]]
    return Rows(frame.astype(dict.fromkeys(text, object)), label)


def log_evaluation(
    evaluation: Evaluation,
    *,
    model_id: str | None,
    dataset: PandasDataset,
    plots: Mapping[str, Plot] | None = None,
) -> None:
    """Log an evaluation: metrics, counts, histograms of scores, tables, plots.

    Undefined metrics are not logged; `audit` has the reason. So many protected columns that there
    are more metrics than a run can take are in `audit` alone, the crossings first.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    model_id : str or None
        The logged model the metrics are of.
    dataset : PandasDataset
        The rows they were measured on.
    plots : mapping of str to Plot, optional
        Its plots by name.
    """
    metrics = loggable(evaluation.metrics)
    # MLflow links model and dataset to the run again for each metric of the first call.
    first, *_ = metrics
    mlflow.log_metrics({first: metrics.pop(first)}, model_id=model_id, dataset=dataset)
    mlflow.log_metrics(metrics, model_id=model_id, dataset=dataset)
    # Not log_dict, which gives every number a line of its own.
    mlflow.log_text(json.dumps(evaluation.counts.to_dict()), COUNTS)
    mlflow.log_text(json.dumps(evaluation.scores.to_dict()), _SCORES)
    protected = evaluation.protected
    mlflow.log_table(bias_table(evaluation.audit, protected.name), _BIAS_METRICS)
    confusion = without_empty_neither(confusion_table(evaluation.counts), "n")
    mlflow.log_table(confusion, _CONFUSION)
    _log_audit(evaluation)
    if evaluation.frontier is not None:
        mlflow.log_table(evaluation.frontier.table, _FRONTIER)
    if plots:
        _log_plots({name: plot.png for name, plot in plots.items()})


def log_explanations(
    overview: Overview,
    *,
    model_id: str | None,
    dataset: PandasDataset,
    plots: Mapping[str, Plot],
) -> None:
    """Log what a model looks at: metrics, tables as `explanations/*.json`, plots.

    Parameters
    ----------
    overview : Overview
        What was measured.
    model_id : str or None
        The logged model the metrics are of.
    dataset : PandasDataset
        The rows they were measured on.
    plots : mapping of str to Plot
        Its plots by name.
    """
    mlflow.log_metrics(loggable(overview.metrics), model_id=model_id, dataset=dataset)
    for name, table in overview.tables.items():
        mlflow.log_table(table, f"{_EXPLANATIONS}/{name}.json")
    _log_plots({name: plot.png for name, plot in plots.items()})


def log_gate(gate: Gate, result: GateResult) -> None:
    """Log what a gate demanded, and what came of it: the table and the tag `fairness.gate`."""
    log_parameters({"evaluate.gate": gate})
    mlflow.log_table(result.table, _GATE)
    mlflow.set_tag("fairness.gate", str(result.verdict))


def log_report(html: str) -> None:
    """Log the report of an evaluation, `report.html`."""
    mlflow.log_text(html, _REPORT)


def loggable(metrics: Mapping[str, float]) -> dict[str, float]:
    """Keep the metrics that are numbers, under names that MLflow takes."""
    numbers = {}
    for name, value in metrics.items():
        metric, slash, column = name.partition("/")
        if math.isfinite(value):
            numbers[metric + slash + _NOT_IN_A_NAME.sub("_", column)] = value
    by_column = sorted(numbers, key=lambda name: ":" in name)
    kept = {*by_column[:_MOST_METRICS]}
    return {name: value for name, value in numbers.items() if name in kept}


def _log_audit(evaluation: Evaluation) -> None:
    """Log the tables of all audits, and the flip test where there is one, as `audit/*.csv`."""
    tables = vars(evaluation.audit) | evaluation.impact_audits
    if evaluation.flips is not None:
        tables["flips"] = evaluation.flips
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            table.to_csv(Path(folder) / f"{name}.csv", index=False)
        mlflow.log_artifacts(folder, _AUDIT)
