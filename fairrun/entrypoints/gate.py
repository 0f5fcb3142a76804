"""Decide a gate from a file of counts: `python -m fairrun gate counts.json gate.yaml`."""

from __future__ import annotations

import click

from fairrun.entrypoints._command import entry_point, exit_code_of, print_checks, print_verdict
from fairrun.entrypoints._options import min_cell_option
from fairrun.errors import RequestError
from fairrun.gate import (
    checks_as_markdown,
    decide_file,
    read_checks,
    read_gate,
    result_from_table,
)


@entry_point
@click.argument("file")
@click.argument("gate", required=False)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "markdown"]),
    default="text",
    help="text for a terminal, which ends with the verdict; markdown for a comment on a pull "
    "request, which begins with it.",
)
@min_cell_option
def main(file: str, gate: str | None, output: str, min_cell: int) -> int:
    """Decide GATE (text, or a YAML file) from FILE, which is counts.json of a run.

    Without GATE, FILE is gate.json of a run, whose checks are printed with --format markdown.
    """
    if gate is None:
        if output == "text":
            raise RequestError(
                "give the gate after counts.json, or --format markdown with gate.json of a run"
            )
        table = read_checks(file)
        click.echo(checks_as_markdown(table))
        return exit_code_of(result_from_table(table).verdict, "enabled")
    result = decide_file(file, read_gate(gate), min_cell=min_cell)
    if output == "markdown":
        click.echo(checks_as_markdown(result.table))
        return exit_code_of(result.verdict, "enabled")
    print_checks(result)
    return print_verdict(result, "enabled")
