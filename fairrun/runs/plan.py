"""The `check` run of a plan, which tells how many rows a gate needs before data are collected."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from fairrun.gate import Gate, plan_rows, read_plan
from fairrun.text import format_table
from fairrun.tracking.descriptions import as_code, describe_run
from fairrun.tracking.names import CHECK_PLAN, parameter
from fairrun.tracking.runs import log_parameters, log_table, tracked_run

__all__ = ["Planned", "run_plan"]


@dataclass(frozen=True)
class Planned:
    """The result of a `check` run with a plan.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    rows : pandas.DataFrame
        The table of `plan_rows`.
    """

    run_id: str
    rows: pd.DataFrame


def run_plan(plan: str, gate: Gate) -> Planned:
    """Compute how many rows would decide each term of a gate, and log the table.

    Parameters
    ----------
    plan : str
        The plan, as text or as the path of a YAML file; see `read_plan`.
    gate : Gate
        The gate.

    Returns
    -------
    Planned

    Raises
    ------
    RequestError
        If the plan is not valid, or does not have what a term needs.
    """
    expected = read_plan(plan)
    with tracked_run("check") as run:
        log_parameters({parameter("check", "gate"): gate})
        table = plan_rows(expected, gate)
        log_table(CHECK_PLAN, table)
        describe_run(
            f"How many rows would decide the gate {as_code(str(gate))}, before data are collected:",
            format_table(table),
            f"The table is in {as_code(f'{CHECK_PLAN}.json')}.",
        )
        return Planned(run.info.run_id, table)
