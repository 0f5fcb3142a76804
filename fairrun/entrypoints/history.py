"""Show and check the history of promotions: `mlflow run . -e history -P name=NAME`."""

from __future__ import annotations

import click

from fairrun.entrypoints._command import entry_point, slow_imports
from fairrun.errors import EXIT_TRACKING_STORE


@entry_point
@click.option("--name", required=True, help="The name of the registered model.")
def main(name: str) -> int:
    """Show who promoted what, when and why, and check that no entry was changed or removed.

    The exit code is 3 if a link of the history is broken.
    """
    with slow_imports():
        from fairrun.runs.history import run_history
        from fairrun.tracking.hints import where_to_look
        from fairrun.tracking.history_table import printed_history

    done = run_history(name)
    if len(done.table):
        click.echo(printed_history(done.table))
        click.echo()
    for finding in done.findings:
        click.echo(f"{finding}")
    if len(done.table):
        click.echo(f"run {done.run_id} has the whole table; to look at it:")
        for line in where_to_look(done.run_id):
            click.echo(f"  {line}")
    click.echo(done.result)
    return EXIT_TRACKING_STORE if done.is_broken else 0
