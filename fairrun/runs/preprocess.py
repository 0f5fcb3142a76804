"""The `preprocess` run: data to three splits that later runs start from."""

from __future__ import annotations

from dataclasses import dataclass

import mlflow

from fairrun.data import DataRequest, Dataset, label_group_counts, prepare, resolve_spec
from fairrun.figures import plot_label_group_counts
from fairrun.groups import without_empty_neither
from fairrun.tracking.datasets import log_dataset, log_input, log_spec, open_dataset
from fairrun.tracking.names import LABEL_GROUP_COUNTS, ROWS, ROWS_DROPPED
from fairrun.tracking.runs import log_figure, log_table, tracked_run

__all__ = ["Preprocessed", "run_preprocess"]


@dataclass(frozen=True)
class Preprocessed:
    """What a `preprocess` run made.

    Attributes
    ----------
    run_id : str
        The MLflow run.
    dataset : Dataset
        The splits, as a later run loads them.
    n_dropped : int
        How many rows were dropped because a feature is null.
    """

    run_id: str
    dataset: Dataset
    n_dropped: int


def run_preprocess(request: DataRequest) -> Preprocessed:
    """Prepare the data and log its splits, spec, counts and digests.

    Parameters
    ----------
    request : DataRequest
        Which data, and how.

    Raises
    ------
    RequestError
        If the request cannot be met.
    """
    with tracked_run("preprocess") as run:
        dataset = prepare(resolve_spec(request))
        log_spec(dataset.spec)
        log_dataset(dataset)
        for name, rows in dataset.splits.items():
            log_input(rows, dataset.spec, context=name)
        n_rows = {f"{ROWS}{name}": float(len(rows)) for name, rows in dataset.splits.items()}
        mlflow.log_metrics(n_rows | {ROWS_DROPPED: float(dataset.n_dropped)})
        counts = without_empty_neither(label_group_counts(dataset), "count")
        log_table(LABEL_GROUP_COUNTS, counts)
        log_figure(LABEL_GROUP_COUNTS, plot_label_group_counts(counts))
        run_id = run.info.run_id
        kept = open_dataset(DataRequest(data=run_id))
        return Preprocessed(run_id, kept, dataset.n_dropped)
