"""Prepare and split data for later runs: `mlflow run . -e preprocess`."""

from __future__ import annotations

import click

from fairrun.data import DataRequest
from fairrun.entrypoints._command import entry_point, read_early, slow_imports
from fairrun.entrypoints._options import data_options, min_cell_option


@entry_point
@data_options
@min_cell_option
def main(data: DataRequest, min_cell: int) -> None:
    """Split data into train, validation and test, and store the splits for later runs."""
    data = read_early(data)

    with slow_imports():
        from fairrun.runs.preprocess import run_preprocess
        from fairrun.tracking.hints import next_command

    done = run_preprocess(data, min_cell)
    sizes = ", ".join(f"{name} {len(rows)}" for name, rows in done.dataset.splits.items())
    click.echo(f"rows: {sizes}; dropped for missing values: {done.n_dropped}")
    click.echo(f"next: {next_command(done.run_id, 'train', {'data': done.run_id})}")
