"""Decide a gate from a file of counts: `python -m fairrun gate counts.json gate.yaml`."""

from __future__ import annotations

import click

from fairrun.entrypoints._command import entry_point, print_checks, print_verdict
from fairrun.entrypoints._options import min_cell_option
from fairrun.gate import decide_file, read_gate


@entry_point
@click.argument("counts")
@click.argument("gate")
@min_cell_option
def main(counts: str, gate: str, min_cell: int) -> int:
    """Decide GATE (text, or a YAML file) from COUNTS, which is the file counts.json of a run."""
    result = decide_file(counts, read_gate(gate), min_cell=min_cell)
    print_checks(result)
    return print_verdict(result, "enabled")
