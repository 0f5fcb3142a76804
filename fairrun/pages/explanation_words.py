"""What a model looks at, in sentences and in a table."""

from __future__ import annotations

import numpy as np

from fairrun.explanations import ALL, MOST_TOP_CHANGES, MOVED_BY, TOGETHER, Overview
from fairrun.metrics import normal_quantile
from fairrun.pages.report_tables import Cell, Table

__all__ = ["columns_table", "explanation_sentences", "stability_warning"]

#: Of more columns the table has the most important ones.
_MOST_COLUMNS = 24
#: Sentences name so many columns, and call what has at least this area a proxy.
_NAMED, _PROXY = 3, 0.6


def explanation_sentences(overview: Overview) -> list[str]:
    """Say in plain words what was found.

    Parameters
    ----------
    overview : Overview
        What was measured.

    Returns
    -------
    list of str
        How it was measured; which columns count most; what makes the groups' scores differ; which
        columns are proxies.
    """
    a, b = overview.groups
    importance = overview.importance[overview.importance["group"] == ALL]
    how = "sampled, with their standard errors" if overview.sampled else "exact"
    said = [
        f"Contributions are {how}; {overview.n_explained:,} of {overview.n_rows:,} rows were "
        "explained."
    ]
    top = importance[importance["importance"] > 0].head(_NAMED)
    if top.empty:
        return [*said, "No column moves the score: all rows have the same."]
    named = zip(top["column"], top["importance"], strict=True)
    said.append(
        "The score looks most at "
        + _listed([f"{name} ({value:.2f})" for name, value in named])
        + f", in mean log-odds: together {top['share'].sum():.0%} of all that columns contribute."
    )
    proxies = overview.proxies.set_index("column")
    total = overview.metrics["log_odds_difference"]
    apart = proxies.drop(TOGETHER).dropna(subset="difference")
    if not np.isnan(total) and apart["difference"].any():
        largest = apart.sort_values("difference", key=abs, ascending=False, kind="stable")
        parts = [
            f"{name} {_signed(row['difference'])}{_margin(row['difference_error'])}"
            for name, row in largest.head(_NAMED).iterrows()
        ]
        said.append(
            f"The mean score of {a} less that of {b} is {_signed(total)} log-odds; the largest "
            f"parts of it are {_listed(parts)}."
        )
    alone = proxies.drop(TOGETHER)
    alone = alone[alone["roc_auc"] >= _PROXY].sort_values("roc_auc", ascending=False, kind="stable")
    together = overview.metrics["proxy_roc_auc"]
    if np.isnan(together):
        said.append(f"There are too few rows of {a} or {b} to say which columns are proxies.")
        return said
    of_all = f"all together do so with {together:.2f}"
    if alone.empty:
        said.append(
            f"No column by itself tells {a} from {b} with an area under the ROC curve of {_PROXY} "
            f"or more, where 0.5 is chance; {of_all}."
        )
        return said
    parts = [
        f"{name} ({row['roc_auc']:.2f}, and {row['share']:.0%} of all contributions)"
        for name, row in alone.head(_NAMED).iterrows()
    ]
    said.append(
        f"By themselves, {_listed(parts)} tell{'s' if len(parts) == 1 else ''} {a} from {b} best, "
        f"by the area under the ROC curve, where 0.5 is chance; {of_all}. A column that tells "
        "the groups apart and counts in the score may stand for the protected one, whether or not "
        "the model reads that."
    )
    return said


def stability_warning(overview: Overview) -> str:
    """Say how stable explanations are where they are not stable enough; nothing otherwise."""
    share = overview.metrics["explanation_top_column_changes"]
    if not share > MOST_TOP_CHANGES:
        return ""
    return (
        f"Explanations are unstable: with numbers moved by at most {MOVED_BY} standard deviations, "
        f"{share:.1%} of the rows have another column on top (more than {MOST_TOP_CHANGES:.0%})."
    )


def columns_table(overview: Overview) -> Table:
    """Lay out what each column contributes and what it tells of the protected one."""
    a, b = overview.groups
    by_group = {
        name: own.set_index("column")["importance"]
        for name, own in overview.importance.groupby("group", sort=False)
    }
    shown = overview.proxies[overview.proxies["column"] != TOGETHER].head(_MOST_COLUMNS)
    n_left_out = len(overview.proxies) - 1 - len(shown)
    shown = overview.proxies[overview.proxies["column"].isin([*shown["column"], TOGETHER])]
    rows = []
    for row in shown.to_dict("records"):
        name = row["column"]
        sizes = [by_group[group].get(name, np.nan) for group in (ALL, a, b)]
        rows.append(
            (
                Cell(str(name)),
                *map(_number, sizes),
                _number(row["difference"], signed=True),
                _number(row["roc_auc"], row["roc_auc_ci_low"], row["roc_auc_ci_high"]),
                Cell(str(row["tells"])),
            )
        )
    note = "The first four numbers are in log-odds. explanations/*.json has all of it."
    if n_left_out:
        note = f"{n_left_out} columns that contribute less are left out. {note}"
    return Table(
        f"What columns contribute, and what they tell of {overview.protected}",
        ("column", "importance", f"of {a}", f"of {b}", f"{a} − {b}", "AUC", "tells"),
        tuple(rows),
        note,
    )


def _number(
    value: float, low: float = np.nan, high: float = np.nan, *, signed: bool = False
) -> Cell:
    if np.isnan(value):
        return Cell("", is_number=True)
    interval = "" if np.isnan(low) else f"{low:.2f} to {high:.2f}"
    return Cell(_signed(value) if signed else f"{value:.2f}", interval, is_number=True)


def _signed(value: float) -> str:
    return f"{value:+z.2f}".replace("-", "−")


def _margin(error: float) -> str:
    """Write half the width of the 95 % interval, where it is not nothing."""
    half = normal_quantile(0.95) * error
    return f" (± {half:.2f})" if half >= 0.005 else ""


def _listed(parts: list[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> _listed(["age", "hours", "job"])
    'age, hours and job'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
