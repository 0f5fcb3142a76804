"""The page of a check: what is in a data set and what is wrong with it, in one HTML file."""

from __future__ import annotations

from functools import cache

import pandas as pd
from jinja2 import Template

from fairrun.data import Findings
from fairrun.gate import ASSUMPTIONS
from fairrun.pages.cells import Cell, Table, count
from fairrun.pages.report import environment

__all__ = ["render_check"]


def render_check(name: str, findings: Findings, gate: pd.DataFrame, draft: str) -> str:
    """Return the page of a check as HTML, without a script and without a row of the data.

    Parameters
    ----------
    name : str
        The name of the data set.
    findings : Findings
        The findings.
    gate : pandas.DataFrame
        The table of `plan_gate`; empty if it is not known what to compare.
    draft : str
        The draft of the dataset spec; empty if there is none.

    Returns
    -------
    str
        The HTML page.
    """
    warnings = len(findings.warnings)
    if warnings:
        headline = f"{warnings} {'thing' if warnings == 1 else 'things'} to look at before training"
    else:
        headline = "Nothing to warn of"
    return _template().render(
        title=f"Check of {name}",
        headline=headline,
        verdict="insufficient_evidence" if warnings else "pass",
        summary=_summary(findings, draft),
        findings=findings.findings,
        notes=findings.notes,
        columns=_columns(findings.columns, findings.labels),
        labels=_labels(findings.labels),
        gate=_gate(gate),
        assumptions=ASSUMPTIONS,
        draft=draft,
    )


@cache
def _template() -> Template:
    return environment().get_template("check.html")


def _summary(findings: Findings, draft: str) -> list[str]:
    """Return the first paragraph: the size, the labels of the groups, and what to do next."""
    columns, labels = findings.columns, findings.labels
    said = [f"{findings.n_rows:,} rows and {len(columns)} columns were read."]
    targets = columns.loc[columns["role"] == "target", "column"].tolist()
    for protected, of_column in labels.groupby("protected", sort=False):
        a, b = of_column.head(2).to_dict("records")
        if not pd.isna(a["share"]) and not pd.isna(b["share"]):
            said.append(
                f"By {protected}, {a['share']:.1%} of the rows of {a['group']} and {b['share']:.1%}"
                f" of those of {b['group']} have the favourable label."
            )
    if not targets:
        said.append("The target is not known yet: name it with target=, and its label positive=.")
    if draft:
        said.append("Next: save the draft at the end of this page, correct it, and train with it.")
    return said


def _columns(columns: pd.DataFrame, labels: pd.DataFrame) -> Table:
    # The shares of missing values are those of the first protected column's two groups.
    groups = [] if labels.empty else labels["group"].head(2).tolist()
    heads = ["column", "note", "type", "role", "distinct", "missing"]
    heads += [f"missing, {group}" for group in groups]
    rows = [
        (
            Cell(row["column"]),
            Cell(row["note"]),
            Cell(row["type"]),
            Cell(row["role"]),
            count(row["distinct"]),
            count(row["missing"]),
            *(_percent(row[f"missing in group_{letter}"]) for letter in "ab"[: len(groups)]),
        )
        for row in columns.to_dict("records")
    ]
    return Table("Columns as they were read", tuple(heads), tuple(rows))


def _labels(labels: pd.DataFrame) -> Table | None:
    if labels.empty:
        return None
    rows = [
        (
            Cell(row["group"]),
            Cell(row["protected"]),
            count(row["rows"], row.get("instead", "")),
            count(row["favourable"]),
            _percent(row["share"]),
        )
        for row in labels.to_dict("records")
    ]
    heads = ("group", "protected column", "rows", "favourable labels", "share")
    return Table("Favourable labels of each group", heads, tuple(rows))


def _gate(gate: pd.DataFrame) -> Table | None:
    if gate.empty:
        return None
    rows = [
        (
            Cell(row["protected"]),
            Cell(f"{row['group_a']} against {row['group_b']}"),
            count(row["rows a"]),
            count(row["rows b"]),
            _number(row["difference"]),
            _number(row["ratio"]),
            _number(row["passes from"]),
            _number(row["fails to"]),
            _number(row["accuracy ±"]),
        )
        for row in gate.to_dict("records")
    ]
    heads = (
        "protected column",
        "groups",
        "test rows of the first",
        "test rows of the second",
        "smallest difference told from 0",
        "nearest ratio told from 1",
        "passes from",
        "fails to",
        "accuracy is known to ±",
    )
    caption = "What the gate disparate_impact>=0.8 can decide on the test split"
    return Table(caption, heads, tuple(rows))


def _percent(share: float) -> Cell:
    return Cell("" if pd.isna(share) else f"{share:.1%}", is_number=True)


def _number(value: float) -> Cell:
    return Cell("too few rows" if pd.isna(value) else f"{value:.2f}", is_number=True)
