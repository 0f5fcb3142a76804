"""Who changes sides between two models: counts and shares by group, never rows."""

from __future__ import annotations

import pandas as pd

from fairrun.metrics.grouping import everybody, one_and_two_way, values_of
from fairrun.metrics.paired import AnyPairedCounts
from fairrun.metrics.weighted_share import share_estimate

__all__ = ["TO_FAVOURABLE", "TO_UNFAVOURABLE", "changed_sides"]

#: The directions of a change from model B to model A.
TO_FAVOURABLE = "unfavourable to favourable"
TO_UNFAVOURABLE = "favourable to unfavourable"
#: The positions of the labels in a table, for the rows of any label and of each.
_LABELS = {"any": slice(0, 2), "1": slice(1, 2), "0": slice(0, 1)}


def changed_sides(paired: AnyPairedCounts, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return how many rows of each group get another decision from model A than from model B.

    Parameters
    ----------
    paired : PairedCounts or WeightedPairedCounts
        The counts of both models on the same rows.
    confidence : float, default 0.95
        Confidence level of each interval.

    Returns
    -------
    DataFrame
        The columns protected (empty for all rows), group, label ("any"; with true labels also
        "1" and "0"), change (from
        model B to model A: `TO_FAVOURABLE` or `TO_UNFAVOURABLE`), n (number of rows of the group
        with that label), changed (number of rows), share (of the weights, if rows have weights),
        ci_low and ci_high (Clopper and Pearson's limits) and reason (why a number is missing).

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics.paired import PairedCounts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> table = [[[[90, 5], [15, 50]], [[20, 5], [5, 80]]]] * 3
    >>> found = changed_sides(PairedCounts((sex,), table))
    >>> found.query("group == 'Female' and label == 'any'")[["change", "changed", "n"]]
                           change  changed    n
    12  unfavourable to favourable       20  270
    13  favourable to unfavourable       10  270
    """
    blocks = []
    columns = paired.columns
    for grouping in (
        everybody(columns),
        *(values_of(columns, *names) for names in one_and_two_way(columns)),
    ):
        moments, rows = paired.moments(grouping), paired.rows(grouping)
        for place, group in enumerate(grouping.groups):
            for label, part in _LABELS.items():
                if label != "any" and not paired.labelled:
                    continue
                of_label, counts = moments[place, part].sum(axis=0), rows[place, part].sum(axis=0)
                total = of_label.sum(axis=(0, 1))
                for change, cell in ((TO_FAVOURABLE, (1, 0)), (TO_UNFAVOURABLE, (0, 1))):
                    side = of_label[cell]
                    share, low, high = share_estimate(side, total - side, confidence)
                    n = int(counts.sum())
                    blocks.append(
                        {
                            "protected": grouping.protected,
                            "group": group,
                            "label": label,
                            "change": change,
                            "n": n,
                            "changed": int(counts[cell]),
                            "share": float(share),
                            "ci_low": float(low),
                            "ci_high": float(high),
                            "reason": "" if total[0] > 0 else "no row",
                        }
                    )
    return pd.DataFrame(blocks)
