"""The section of a report about rows whose protected value is unknown."""

from __future__ import annotations

import pandas as pd

from fairrun.metrics import BIAS_METRICS, UnknownGroups
from fairrun.pages.sections import Section
from fairrun.text import with_interval, with_sign

__all__ = ["unknown_groups_section"]


def unknown_groups_section(
    found: UnknownGroups, plots: tuple[tuple[str, str], ...] = ()
) -> Section:
    """Return the section of a report about rows whose protected value is unknown.

    Parameters
    ----------
    found : UnknownGroups
        The bounds as they are shown; see `show_unknown_groups`.
    plots : tuple of (str, str)
        The names and captions of its plots.

    Returns
    -------
    Section
    """
    table = found.table
    paragraphs = [
        "Rows without a known protected value are in no comparison of the groups. Rare values that "
        "are not named count as unknown. The bounds are "
        "the lowest and the highest value that all rows can have, whichever group the unknown rows "
        "are in. Nothing is assumed. The interval around the bounds also allows for chance.",
        *found.sentences,
        *(f"Value with membership: {text}" for text in dict.fromkeys(table["assumption"]) if text),
    ]
    tables = tuple(
        (f"{protected}: bounds", _bounds(table[table["protected"] == protected]))
        for protected in dict.fromkeys(table["protected"])
    )
    return Section(
        "Rows with an unknown protected value",
        "unknown-groups",
        tuple(text if text.endswith(".") else f"{text}." for text in paragraphs),
        tables,
        plots,
        tuple(text if text.endswith(".") else f"{text}." for text in found.sentences),
    )


def _bounds(table: pd.DataFrame) -> pd.DataFrame:
    """Return the bounds of one protected column as text."""
    rows = []
    for row in table.to_dict("records"):
        signed = BIAS_METRICS[str(row["metric"])].kind == "difference"
        numbers = {
            name: with_interval(
                row[name], row[f"{name}_ci_low"], row[f"{name}_ci_high"], signed=signed
            )
            for name in ("known", "membership")
        }
        bound = with_sign if signed else "{:.3f}".format
        ends, outer = (
            "" if pd.isna(row[low]) else f"{bound(row[low])} to {bound(row[high])}"
            for low, high in (("lower", "upper"), ("ci_low", "ci_high"))
        )
        rows.append(
            {
                "metric": str(row["metric"]).replace("_", " "),
                "among known rows (95 % interval)": numbers["known"],
                "bounds for all rows": ends,
                "with chance (95 %)": outer,
                "with membership (95 % interval)": ""
                if pd.isna(row["membership"])
                else numbers["membership"],
                "unknown rows": "" if pd.isna(row["n_unknown"]) else f"{row['n_unknown']:,}",
                "note": row["reason"],
            }
        )
    shown = pd.DataFrame(rows)
    return shown.loc[:, (shown != "").any()]
