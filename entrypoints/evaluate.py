"""Measure a logged model: `mlflow run . -e evaluate -P model=runs:/<run id>/model`."""

from __future__ import annotations

import click

from entrypoints._command import entry_point, given, print_metrics
from fairrun.runs import run_evaluate


@entry_point
@click.option("--model", required=True, help="Any model URI, such as runs:/<run id>/model.")
@click.option(
    "--data",
    default="auto",
    help="Labelled rows with the model's columns; not given, the test split of its data.",
)
def main(model: str, data: str) -> None:
    """Measure a logged model on its test split, or on other labelled rows."""
    evaluated = run_evaluate(model, given(data))
    print_metrics(evaluated.metrics, evaluated.rows)


if __name__ == "__main__":
    main()
