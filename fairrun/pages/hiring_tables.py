"""The tables that two rules on hiring ask for."""

from __future__ import annotations

import pandas as pd

from fairrun.groups import MISSING
from fairrun.metrics import Evaluation, WeightedCounts
from fairrun.pages.cells import Cell, Table, amount, count, number_unless_hidden, percent
from fairrun.pages.sized_groups import largest, left_out

__all__ = ["bases", "four_fifths", "local_law_144", "publication"]

_RATE_NAMES = ("selection_rate", "ci_low", "ci_high")
_RATIO_NAMES = ("impact_ratio", "ratio_ci_low", "ratio_ci_high")


def four_fifths(evaluation: Evaluation) -> Table:
    """Return the four-fifths table of an evaluation."""
    table, hidden = evaluation.impact_audits["four_fifths"], evaluation.hidden
    weighted = isinstance(evaluation.counts, WeightedCounts)
    rows, n_left_out = largest(table, "protected")
    return Table(
        "Impact ratios against the group with the highest rate (29 CFR 1607.4 D)",
        (
            "group",
            "protected column",
            "sum of weights" if weighted else "rows",
            "selected weight" if weighted else "selected",
            "selection rate",
            "impact ratio",
            "compared with",
            "below 4/5",
        ),
        tuple(
            (
                Cell(row["group"]),
                Cell(row["protected"]),
                amount(row["n"], hidden.rows(row["protected"], row["group"])),
                amount(row["selected"]),
                *(
                    number_unless_hidden(row["reason"], *(row[name] for name in names))
                    for names in (_RATE_NAMES, _RATIO_NAMES)
                ),
                Cell(row["highest_group"]),
                Cell(row["reason"] or ("yes" if row["below_four_fifths"] else "no")),
            )
            for row in rows
        ),
        left_out(n_left_out, "audit/four_fifths.csv").strip(),
    )


def bases(evaluation: Evaluation) -> list[str]:
    """Return the bases of the tables of Local Law 144 that an evaluation has."""
    table = evaluation.impact_audits.get("local_law_144")
    return [] if table is None else [*dict.fromkeys(table["basis"])]


def publication(evaluation: Evaluation) -> Table | None:
    """Return the table of what must be published besides the rates; None without such rates."""
    table = evaluation.impact_audits.get("local_law_144_publication")
    if table is None:
        return None
    rows = tuple(
        (
            Cell(row["item"]),
            Cell(row["value"], verdict="" if row["given"] else "insufficient_evidence"),
            Cell(row["source"]),
        )
        for row in table.to_dict("records")
    )
    return Table(
        "What is published besides the rates (6 RCNY 5-301 to 5-303)",
        ("item", "value", "rule"),
        rows,
        "fairrun cannot know an item that is not given. Give it with local_law_144.",
    )


def local_law_144(evaluation: Evaluation, basis: str) -> Table:
    """Return the table of selection rates, or of scoring rates, of a Local Law 144 audit."""
    table, hidden = evaluation.impact_audits["local_law_144"], evaluation.hidden
    rows, n_left_out = largest(table[table["basis"] == basis], "protected")
    rate, chosen = ("selection rate", "selected")
    if basis == "scoring":
        rate, chosen = "scoring rate", "above the median"
    return Table(
        f"{rate.capitalize()}s and impact ratios (6 RCNY 5-300 to 5-304)",
        (
            "category",
            "protected column",
            "rows",
            "share of rows",
            chosen,
            rate,
            "impact ratio",
            "note",
        ),
        tuple(
            (
                Cell(row["category"]),
                Cell(row["protected"]),
                count(row["n"], hidden.rows(row["protected"], row["category"])),
                Cell("") if pd.isna(row["share"]) else percent(row["share"]),
                count(row["selected"]),
                *(
                    number_unless_hidden(row["note"], row[name])
                    if row["category"] != MISSING
                    else Cell("")
                    for name in ("rate", "impact_ratio")
                ),
                Cell(row["note"]),
            )
            for row in rows
        ),
        left_out(n_left_out, "audit/local_law_144.csv").strip(),
    )
