"""The `preprocess` run, which makes the three splits that later runs use."""

from __future__ import annotations

from dataclasses import dataclass

import mlflow

from fairrun.data import DataRequest, Dataset
from fairrun.figures import plot_label_group_counts
from fairrun.metrics import MIN_CELL, check_min_cell
from fairrun.runs.described import describe_data, describe_dropped
from fairrun.runs.label_counts import shown_label_counts
from fairrun.tracking.datasets import (
    log_dataset,
    log_dropped,
    log_input,
    log_notes,
    log_spec,
    open_dataset,
)
from fairrun.tracking.descriptions import describe_run
from fairrun.tracking.hints import next_command
from fairrun.tracking.names import LABEL_GROUP_COUNTS, ROWS
from fairrun.tracking.runs import log_figure, log_table, tracked_run

__all__ = ["Preprocessed", "run_preprocess"]


@dataclass(frozen=True)
class Preprocessed:
    """The result of a `preprocess` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    dataset : Dataset
        The splits, as later runs load them.
    n_dropped : int
        The number of rows that were dropped because a feature is null.
    """

    run_id: str
    dataset: Dataset
    n_dropped: int


def run_preprocess(request: DataRequest, min_cell: int = MIN_CELL) -> Preprocessed:
    """Prepare a data set and log its splits, spec, counts and digests.

    Parameters
    ----------
    request : DataRequest
        The data and how to prepare them.
    min_cell : int
        Numbers about groups with fewer rows are not shown; 1 shows all. The splits that are stored
        have every row.

    Returns
    -------
    Preprocessed

    Raises
    ------
    RequestError
        If the data or a parameter cannot be used.
    """
    check_min_cell(min_cell)
    with tracked_run("preprocess") as run:
        dataset = open_dataset(request)
        log_notes(dataset.notes, dataset.n_dropped)
        log_spec(dataset.spec)
        log_dataset(dataset)
        for name, rows in dataset.splits.items():
            log_input(rows, dataset.spec, context=name)
        n_rows = {f"{ROWS}{name}": float(len(rows)) for name, rows in dataset.splits.items()}
        mlflow.log_metrics(n_rows)
        log_dropped(dataset.n_dropped)
        counts = shown_label_counts(dataset, min_cell)
        log_table(LABEL_GROUP_COUNTS, counts)
        of_first = counts[counts["protected"] == dataset.spec.protected[0].column]
        log_figure(LABEL_GROUP_COUNTS, plot_label_group_counts(of_first))
        run_id = run.info.run_id
        kept = open_dataset(DataRequest(data=run_id))
        sizes = ", ".join(f"{name} {len(rows):,}" for name, rows in dataset.splits.items())
        describe_run(
            f"Split {describe_data(dataset.spec)}, and stored the splits for later runs.",
            f"Rows: {sizes}.",
            describe_dropped(dataset.n_dropped),
            commands=[next_command(run_id, "train", {"data": run_id})],
        )
        return Preprocessed(run_id, kept, dataset.n_dropped)
