"""The section of a report about subgroups that a scan found."""

from __future__ import annotations

import pandas as pd

from fairrun.metrics import SubgroupScan
from fairrun.pages.sections import Section
from fairrun.text import listed_names, n_of, with_interval, with_percent

__all__ = ["SUBGROUPS", "finding", "subgroups_section"]

#: The name of the table and of the plot.
SUBGROUPS = "subgroups"
#: The largest number of rows of the table.
_MOST = 20


def finding(scan: SubgroupScan) -> str:
    """Return in a sentence what a scan found: how many differences are confirmed, and the largest.

    Parameters
    ----------
    scan : SubgroupScan
        The scan.
    """
    n_tested, n = len(scan.table), scan.n_confirmed
    if not n:
        return (
            f"No subgroup is confirmed to differ from all other rows ({n_tested} tested of "
            f"{n_of(scan.n_compared, 'difference')} that were compared)."
        )
    first = scan.table.iloc[0]
    rate = first["metric"].replace("_", " ")
    return (
        f"{n} of {n_of(n_tested, 'tested difference')} "
        f"{'is' if n == 1 else 'are'} confirmed. The largest: {first['group_a']} has a {rate} of "
        f"{with_percent(first['rate_a'])}, all other rows {with_percent(first['rate_b'])}."
    )


def subgroups_section(scan: SubgroupScan) -> Section:
    """Return the section about subgroups: what was searched, what is confirmed, and how.

    Parameters
    ----------
    scan : SubgroupScan
        The scan.
    """
    n_confirmed = scan.n_confirmed
    paragraphs = [
        "Nobody named these subgroups. They are combinations of values of "
        f"{n_of(scan.depth, 'column')}"
        + (" or fewer" if scan.depth > 1 else "")
        + f", searched in one random half of the rows ({n_of(scan.n_search, 'row')}). The largest "
        f"of {n_of(scan.n_compared, 'difference')} were then tested on the other half "
        f"({n_of(scan.n_confirm, 'row')}), which had no part in finding them. All numbers below "
        "are of this half.",
        finding(scan),
        f"A difference is confirmed if its q value is at most {scan.level:g}: of all confirmed "
        f"differences, a share of at most {scan.level:g} is expected to be chance (Benjamini and "
        "Hochberg's procedure). The same holds for the intervals of confirmed subgroups that miss "
        "the true difference. A subgroup that is not confirmed may still differ.",
        "A confirmed difference says that the rows are treated differently, not why. Subgroups "
        "that a larger or a stronger subgroup explains are left out.",
    ]
    if scan.left_out:
        paragraphs.append(f"Not searched: {listed_names(scan.left_out)}.")
    shown = scan.table.head(_MOST)
    caption = "Subgroups against all other rows"
    if len(shown) < len(scan.table):
        caption += f": the first {_MOST} of {len(scan.table)}; audit/{SUBGROUPS}.csv has all"
    tables = ((caption, _as_shown(shown)),) if len(shown) else ()
    alone = "Filled markers are confirmed." if n_confirmed else "No subgroup is confirmed."
    plots = ((SUBGROUPS, f"Differences with their intervals. {alone}"),) if len(shown) else ()
    title = "Subgroups that nobody named"
    return Section(title, SUBGROUPS, tuple(paragraphs), tables, plots, (finding(scan),))


def _as_shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with texts that are ready to read."""
    limits = table[["value", "ci_low", "ci_high"]].to_numpy().tolist()
    differences = [
        (reason or "undefined")
        if pd.isna(each[0])
        else with_interval(*each, signed=True).replace("-", "−")
        for each, reason in zip(limits, table["reason"], strict=True)
    ]
    return pd.DataFrame(
        {
            "subgroup": table["group_a"],
            "rate": table["metric"].str.replace("_", " "),
            "rows": ["" if pd.isna(n) else f"{n:,.0f}" for n in table["n"]],
            "subgroup's rate": [_percent(share) for share in table["rate_a"]],
            "all other rows": [_percent(share) for share in table["rate_b"]],
            "difference and interval": differences,
            "q value": [_q(q) for q in table["q_value"]],
            "confirmed": ["yes" if yes else "no" for yes in table["confirmed"]],
        }
    )


def _percent(share: float) -> str:
    return "" if pd.isna(share) else with_percent(share)


def _q(q: float) -> str:
    if pd.isna(q):
        return ""
    return "under 0.001" if q < 0.001 else f"{q:.3f}"
