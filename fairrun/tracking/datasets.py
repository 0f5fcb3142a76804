"""Log and open data sets: dataset specs, MLflow dataset inputs and the splits of `preprocess`."""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from fairrun.data import (
    KNOWN_DATASETS,
    SPLIT_NAMES,
    DataRequest,
    Dataset,
    DatasetSpec,
    Decisions,
    ReadRequest,
    Rows,
    is_preprocessed,
    prepare,
    resolve_spec,
)
from fairrun.errors import RequestError
from fairrun.tracking.names import (
    DATA,
    DATA_NOTES,
    DATASET_DIGEST,
    DATASET_NAME,
    PROTECTED,
    ROWS_DROPPED,
    SPEC,
    SWEEP_TRIAL,
    parameter,
)
from fairrun.tracking.runs import log_for_run_alone, log_parameters
from fairrun.tracking.store import reading

__all__ = [
    "dataset_tags",
    "log_dataset",
    "log_decisions",
    "log_dropped",
    "log_input",
    "log_notes",
    "log_spec",
    "open_dataset",
    "read_spec",
    "say_notes",
    "spec_parameters",
]

_logger = logging.getLogger(__name__)


def open_dataset(data: DataRequest | DatasetSpec | Dataset) -> Dataset:
    """Return the splits of a data set.

    Parameters
    ----------
    data : DataRequest, DatasetSpec or Dataset
        A user's request, or the spec that an earlier run logged, or the splits themselves. The
        splits of a logged spec are computed again and their digests are checked.

    Returns
    -------
    Dataset
        The three splits.

    Raises
    ------
    RequestError
        If the data cannot be read or used, or a digest differs.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, DatasetSpec):
        return _load_preprocessed(data.source) if is_preprocessed(data.source) else prepare(data)
    if isinstance(data, ReadRequest) and data.dataset is not None:
        return data.dataset
    return _of_run(data) if is_preprocessed(data.data) else prepare(resolve_spec(data))


def _of_run(request: DataRequest) -> Dataset:
    """Return the data set of a run, changed by the other parameters of the request.

    The splits of a `preprocess` run are stored, so no parameter can change them.
    """
    run_id = request.data.removeprefix("runs:/").partition("/")[0]
    stored = None
    if _has_splits(run_id):
        stored = _load_preprocessed(run_id)
        spec = stored.spec
    else:
        spec = read_spec(run_id)
        if is_preprocessed(spec.source):
            stored = _load_preprocessed(spec.source)
    new = resolve_spec(request, base=spec)
    changed = [f.name for f in fields(spec) if getattr(spec, f.name) != getattr(new, f.name)]
    if stored is None:
        # Other parameters give other rows or splits, so the digests of the run do not apply.
        return prepare(replace(new, digests=()) if changed else spec)
    if changed:
        raise RequestError(
            f"data={request.data} has splits that preprocess stored, so nothing can change "
            f"{', '.join(changed)}; leave that out, or give the source of that run as data"
        )
    return stored


def _has_splits(run_id: str) -> bool:
    try:
        return bool(mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path=DATA))
    except MlflowException as error:
        raise RequestError(
            f"there is no run {run_id}; give the id of a run of fairrun, or a file as data"
        ) from error


def dataset_tags(spec: DatasetSpec) -> dict[str, str]:
    """Return the tags of a data set: first protected column, name and digest of training rows.

    Rows that no model was trained on have no such digest.
    """
    tags = {PROTECTED: spec.protected[0].column, DATASET_NAME: spec.name}
    digest = dict(spec.digests).get("train")
    return tags if digest is None else tags | {DATASET_DIGEST: digest}


def log_spec(spec: DatasetSpec) -> None:
    """Log a dataset spec, from which the splits can be computed again."""
    mlflow.log_dict(spec.to_dict(), SPEC)
    mlflow.set_tags(dataset_tags(spec))
    log_parameters(spec_parameters(spec))


def spec_parameters(spec: DatasetSpec) -> dict[str, object]:
    """Return the fields of a dataset spec as parameters, the same for all kinds of runs."""
    resolved = {
        "name": spec.name,
        "target": spec.target,
        "positive": spec.positive,
        "protected": ",".join(p.column for p in spec.protected),
        "privileged": ",".join(p.texts[0] for p in spec.protected),
        "unprivileged": ",".join(p.texts[1] for p in spec.protected),
        "drop": ",".join(spec.drop),
        "changeable": ",".join(spec.changeable),
        "missing": spec.missing,
        "weight": spec.weight or "none",
        "cluster": spec.cluster or "none",
        "sensitive": str(spec.sensitive).lower(),
        "validation_size": spec.splits.validation,
        "test_size": spec.splits.test,
        "seed": spec.splits.seed,
    }
    return {parameter("data", name): value for name, value in resolved.items()}


def log_notes(notes: Sequence[str], n_dropped: int, *, say: bool = True) -> None:
    """Log what reading the data decided, as `data_notes.json`.

    Parameters
    ----------
    notes : sequence of str
        What was decided, one sentence each.
    n_dropped : int
        The number of rows that were dropped because of nulls.
    say : bool
        Whether to print the notes, too. A run whose data another run has read does not repeat them.
    """
    if say:
        say_notes(notes)
    mlflow.log_dict(_notes_dict(notes, n_dropped), DATA_NOTES)


def log_dropped(n_dropped: int) -> None:
    """Log the number of dropped rows, after the metrics that matter more.

    MLflow shows metrics in the order in which they were logged, and compares runs by the first one.
    """
    log_for_run_alone({ROWS_DROPPED: float(n_dropped)})


def say_notes(notes: Sequence[str]) -> None:
    """Print what reading the data decided, such as the rows that it dropped."""
    for note in notes:
        _logger.info("data: %s", note)


def _notes_dict(notes: Sequence[str], n_dropped: int) -> dict[str, object]:
    return {ROWS_DROPPED: n_dropped, "notes": list(notes)}


def read_spec(run_id: str) -> DatasetSpec:
    """Return the dataset spec of a run; for a trial, it is that of its sweep.

    Parameters
    ----------
    run_id : str
        The run.

    Returns
    -------
    DatasetSpec

    Raises
    ------
    RequestError
        If the run does not exist or has no dataset spec.
    """
    with reading(f"the run {run_id} has no {SPEC}; give the id of a run of fairrun, or data=…"):
        tags = mlflow.get_run(run_id).data.tags
        logged_by = tags[MLFLOW_PARENT_RUN_ID] if SWEEP_TRIAL in tags else run_id
        saved = mlflow.artifacts.load_dict(f"runs:/{logged_by}/{SPEC}")
    # A spec that was logged before `reading` existed was read by the first version of the rules.
    return DatasetSpec.from_dict({"reading": 1} | saved)


def log_input(rows: Rows, spec: DatasetSpec, context: str) -> PandasDataset:
    """Log an MLflow dataset input for rows: name, schema and digest, but no row.

    Parameters
    ----------
    rows : Rows
        The rows.
    spec : DatasetSpec
        The data set of the rows.
    context : str
        "train", "validation", "test" or "evaluation".

    Returns
    -------
    PandasDataset
        The MLflow dataset, for logging metrics.
    """
    dataset = _TypedDataset(
        rows.frame.assign(**{spec.target: rows.label}),
        source=_source(spec.source),
        targets=spec.target,
        name=spec.name,
        digest=dict(spec.digests).get(context) or rows.digest(),
    )
    mlflow.log_input(dataset, context=context)
    return dataset


def log_decisions(decisions: Decisions, name: str, source: str, column: str) -> PandasDataset:
    """Log an MLflow dataset input for decisions: name, schema and digest, but no row.

    Parameters
    ----------
    decisions : Decisions
        The rows and decisions.
    name, source : str
        The name of the data, and where they are from.
    column : str
        The column with the decisions, which the schema names last.

    Returns
    -------
    PandasDataset
        The MLflow dataset, for logging metrics.
    """
    others = decisions.frame.drop(columns=column, errors="ignore")
    dataset = _TypedDataset(
        others.assign(**{column: decisions.prediction}),
        source=_source(source),
        predictions=column,
        name=name,
        digest=decisions.digest(),
    )
    mlflow.log_input(dataset, context="evaluation")
    return dataset


def _source(source: str) -> DatasetSource:
    """Return MLflow's record of a source."""
    if source not in KNOWN_DATASETS:
        with warnings.catch_warnings(), suppress(MlflowException):
            # MLflow warns that it knows a local file in two ways, both of the same class.
            warnings.simplefilter("ignore")
            return resolve_dataset_source(source)
    # MLflow does not know names of built-in data sets, databases, runs and some kinds of stores.
    return CodeDatasetSource(tags={"source": source})


class _TypedDataset(PandasDataset):
    """An MLflow dataset with columns of numbers or text, and the label as the last column.

    MLflow infers a schema from every value, which takes seconds. Here the schema is known.
    """

    @cached_property
    def schema(self) -> Schema:
        """The type of each column. A column is required if it has no missing value."""
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
    """Log the three splits as Parquet files with their spec and notes, for use by later runs."""
    spec = dataset.spec
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in dataset.splits.items():
            frame = rows.frame.assign(**{spec.target: rows.label})
            if rows.weight is not None:
                frame[str(spec.weight)] = rows.weight
            if rows.cluster is not None:
                frame[str(spec.cluster)] = rows.cluster
            frame.to_parquet(Path(folder) / f"{name}.parquet", index=False)
        documents = {
            SPEC: spec.to_dict(),
            DATA_NOTES: _notes_dict(dataset.notes, dataset.n_dropped),
        }
        for name, document in documents.items():
            (Path(folder) / name).write_text(json.dumps(document, indent=1), encoding="utf-8")
        mlflow.log_artifacts(folder, DATA)


def _load_preprocessed(data: str) -> Dataset:
    """Load the splits that a `preprocess` run logged.

    Parameters
    ----------
    data : str
        The run id, or the URI of the folder of splits (``runs:/<run id>/data``).

    Returns
    -------
    Dataset
        The splits. The source in their spec is the URI.

    Raises
    ------
    RequestError
        If there is no such run, or its files were changed.
    """
    uri = data if "/" in data else f"runs:/{data}/{DATA}"
    refusal = f"data={data} is not a preprocess run; give the run id that preprocess printed"
    with reading(refusal):
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
        saved = json.loads((folder / SPEC).read_text(encoding="utf-8"))
        # Earlier versions logged no notes.
        notes_file = folder / DATA_NOTES
        logged = json.loads(notes_file.read_text(encoding="utf-8")) if notes_file.is_file() else {}
        frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in SPLIT_NAMES}
    spec = replace(DatasetSpec.from_dict({"reading": 1} | saved), source=uri)
    splits = {name: _rows(frame, spec) for name, frame in frames.items()}
    if {name: rows.digest() for name, rows in splits.items()} != dict(spec.digests):
        raise RequestError(f"the files of {uri} were changed after preprocess; run it again")
    return Dataset(spec, splits, logged.get(ROWS_DROPPED, 0), tuple(logged.get("notes", ())))


def _rows(frame: pd.DataFrame, spec: DatasetSpec) -> Rows:
    label = frame.pop(spec.target).to_numpy()
    weight = None if spec.weight is None else frame.pop(spec.weight).to_numpy()
    cluster = None if spec.cluster is None else frame.pop(spec.cluster).to_numpy()
    text = frame.columns[[not pd.api.types.is_numeric_dtype(t) for t in frame.dtypes]]
    return Rows(frame.astype(dict.fromkeys(text, object)), label, weight, cluster)
