"""Make an earlier version champion again: `mlflow run . -e rollback -P name=… -P reason=…`."""

from __future__ import annotations

import click

from fairrun.entrypoints._command import entry_point, slow_imports
from fairrun.entrypoints._types import given


@entry_point
@click.option("--name", required=True, help="The name of the registered model.")
@click.option(
    "--reason", required=True, help="Why, in one line. The history of the model keeps it for ever."
)
@click.option(
    "--version",
    default="auto",
    help="The version that becomes champion again, which must have been champion before; auto: "
    "the one before the current champion.",
)
def main(name: str, reason: str, version: str) -> None:
    """Give the alias champion back to the version before, and record who did it and why."""
    with slow_imports():
        from fairrun.runs.rollback import commands_after_rollback, run_rollback

    done = run_rollback(name, reason, given(version))
    if done.by_earlier:
        click.echo(f"an earlier run, {done.entry.run_id}, had begun this rollback; it is complete")
    click.echo(f"champion of {done.name}: version {done.version_before or 'none'} → {done.version}")
    click.echo(f"reason: {done.reason}")
    click.echo(f"entry {done.entry.number} of the history, digest {done.entry.digest[:12]}")
    for line in commands_after_rollback(done):
        click.echo(f"next, look at the history:\n  {line}")
