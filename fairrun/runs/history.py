"""The `history` run, which shows the history of a registered model and checks it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from fairrun.errors import RequestError
from fairrun.text import n_of
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.entries import History
from fairrun.tracking.faults import naming_faults
from fairrun.tracking.history import read_history
from fairrun.tracking.history_check import Finding, check_history
from fairrun.tracking.history_table import history_markdown, history_table
from fairrun.tracking.names import ALIAS_CHAMPION, parameter
from fairrun.tracking.names import HISTORY as TABLE
from fairrun.tracking.names import HISTORY_FINDINGS as FINDINGS
from fairrun.tracking.registered import aliases_of, check_name, unknown_name, versions_of
from fairrun.tracking.runs import log_parameters, log_table, tracked_run

__all__ = ["Checked", "run_history"]


@dataclass(frozen=True)
class Checked:
    """The result of a `history` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    history : History
        The history.
    table : pandas.DataFrame
        A row for each entry; see `history_table`.
    findings : list of Finding
        What the check has found, broken links first.
    champion : str or None
        The version that has the alias `champion`.
    """

    run_id: str
    history: History
    table: pd.DataFrame
    findings: list[Finding]
    champion: str | None

    @property
    def is_broken(self) -> bool:
        """Return whether a link of the history is broken."""
        return any(each.is_broken for each in self.findings)

    @property
    def result(self) -> str:
        """The sentence that says whether the history is unbroken."""
        entries = n_of(len(self.history.entries), "entry", "entries")
        if broken := sum(each.is_broken for each in self.findings):
            links = n_of(broken, "broken link")
            return f"the history of {self.history.name} is broken: {links}, {entries}"
        if not self.history.entries:
            return f"{self.history.name} has no history: fairrun has not promoted a model to it yet"
        now = f"the champion is version {self.champion}" if self.champion else "it has no champion"
        return f"the history of {self.history.name} is unbroken: {entries}; {now}"


def run_history(name: str) -> Checked:
    """Read and check the history of a registered model, and log it as a table.

    Parameters
    ----------
    name : str
        The name of the registered model.

    Returns
    -------
    Checked

    Raises
    ------
    RequestError
        If there is no such registered model, and no history of one.
    StoreError
        If the tracking store cannot be used.
    """
    check_name(name)
    with naming_faults():
        if not read_history(name).runs and versions_of(name) is None:
            raise RequestError(unknown_name(name))
    with tracked_run(f"{name} · history") as run:
        log_parameters({parameter("history", "name"): name})
        history = read_history(name)
        findings = check_history(history)
        champion = aliases_of(name).get(ALIAS_CHAMPION)
        table = history_table(history)
        done = Checked(run.info.run_id, history, table, findings, champion)
        if len(table):
            log_table(TABLE, table)
        if findings:
            rows = [(e.link, e.is_broken, e.says, e.do) for e in findings]
            log_table(FINDINGS, pd.DataFrame(rows, columns=["link", "broken", "says", "do"]))
        describe_run(
            f"{done.result[0].upper()}{escaped(done.result[1:])}.",
            "\n".join(f"- {escaped(str(each))}" for each in findings),
            history_markdown(history),
            f"{as_code(f'{TABLE}.json')} has all entries with their digests and reasons."
            if len(table)
            else "",
        )
        return done
