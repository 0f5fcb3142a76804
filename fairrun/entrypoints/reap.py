"""End runs whose process was killed: `python -m fairrun reap`."""

from __future__ import annotations

import click

from fairrun.entrypoints._command import entry_point, slow_imports
from fairrun.entrypoints._types import listed


@entry_point
@click.option(
    "--runs",
    default="none",
    help="The ids of runs to end as well, separated by commas, because you know that their "
    "processes are gone, for example on another host.",
)
def main(runs: str) -> None:
    """Mark runs as KILLED whose process is gone on this host, and their models as FAILED."""
    with slow_imports():
        from fairrun.tracking.reaping import reap

    done = reap(listed(runs) or ())
    for run_id, name, process in done.runs:
        click.echo(f"KILLED: run {run_id} ({name}) of process {process}")
    for model_id in done.models:
        click.echo(f"FAILED: model {model_id}, which was not completely logged")
    if not done.runs and not done.models:
        click.echo("no run of a process that is gone on this host was found")
    for host, number in done.elsewhere.items():
        click.echo(f"left alone: {number} RUNNING of {host}; reap them there, or name them in runs")
