"""The verdict of a gate: `decide` compares the interval of each metric with its threshold."""

from __future__ import annotations

import logging
from dataclasses import replace

from fairrun.gate.checks import judge_each_group, judge_pairs
from fairrun.gate.family import holm
from fairrun.gate.gates import Gate
from fairrun.gate.judgements import GateResult, Judgement, Verdict
from fairrun.gate.needed import RowsNeeded
from fairrun.gate.rows_needed import case_of, rows_needed, rows_to_judge
from fairrun.gate.sizes import Size, sizes_by_rate, sizes_of_groups, too_few
from fairrun.gate.terms import Term
from fairrun.metrics import (
    AnyCounts,
    Audit,
    Grouping,
    everybody,
    group_a_and_b,
    selection_rate,
    values_of,
    why_no_interval,
)

__all__ = ["decide"]

_logger = logging.getLogger(__name__)

#: The metrics that are only computed for group_a against group_b.
_OF_TWO = ("roc_auc_difference", "abroca")

_ABROCA = (
    "abroca is now the area between the two ROC curves, which has an upper limit only, so its term "
    "cannot fail; for the difference of the two areas, write roc_auc_difference<=…"
)


def decide(
    gate: Gate,
    counts: AnyCounts,
    audited: Audit,
    *,
    confidence: float = 0.95,
    say_rows_needed: bool = True,
) -> GateResult:
    """Decide whether a model meets every term of a gate.

    A fairness term without `@` applies to every protected column. If a column has two values, they
    are compared as a and b with the interval in `Audit.compared`. If it has more values, the worst
    pair is used with its simultaneous interval. `roc_auc_difference`, `abroca`, and a term that
    ends in `[privileged vs unprivileged]`, compare group_a and group_b alone.

    A performance term without `@` applies to all rows. With `@` it applies to each group, and the
    intervals of the groups cover at once (Bonferroni).

    A group is left out of the comparison if a rate has fewer than `Gate.min_count` rows in it. Such
    a group gets a judgement of its own with the verdict insufficient evidence. For weighted rows,
    their effective number counts: a few rows with most of the weight decide as little as few rows.
    A group in which the heaviest rows carry too much of the weight is left out, too
    (`fairrun.metrics.why_no_interval`).

    With `Gate.family` "holm", a judgement fails only if its interval at the level of `family.holm`
    lies outside; see there.
    For clustered rows, their effective number counts, and a group whose rows are in very few
    clusters is left out.

    Parameters
    ----------
    gate : Gate
        The requirements.
    counts : Counts or WeightedCounts
        The counts of the rows.
    audited : Audit
        The audit of these counts. It must include the audit of scores if a term is about scores.
    confidence : float, default 0.95
        The confidence level of the audit.
    say_rows_needed : bool, default True
        Whether a judgement with insufficient evidence gets the number of rows that would probably
        decide it. This takes up to half a second a judgement.

    Returns
    -------
    GateResult

    Raises
    ------
    RequestError
        If a term names a column that is not protected, needs true labels that the counts do not
        have, or is about scores that were not audited.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import Counts, audit
    >>> from fairrun.gate import parse_gate
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> result = decide(parse_gate("disparate_impact>=0.8; accuracy>=0.7"), counts, audit(counts))
    >>> result.table[["term", "group_a", "group_b", "verdict"]]
                         term group_a group_b verdict
    0  disparate_impact>=0.8    Male  Female    fail
    1          accuracy>=0.7   (all)            pass
    >>> str(result.verdict)
    'fail'
    """
    if any(term.metric.name == "abroca" for term in gate.terms):
        _logger.warning(_ABROCA)
    gate.check(counts.columns, labelled=counts.labelled)
    judgements: list[Judgement] = []
    groupings: list[tuple[Grouping, dict[str, Size]]] = []
    for term in gate.terms:
        for names in term.about(counts.columns):
            grouping = _grouping(term, counts, names)
            sizes = sizes_of_groups(term, counts, grouping, audited)
            refused = _refused(term, counts, grouping, audited)
            large = {
                group: size
                for group, size in sizes.items()
                if size.deciding >= gate.min_count and not refused[group]
            }
            if term.metric.kind == "performance":
                judgements += judge_each_group(term, grouping.protected, large, audited, confidence)
            elif len(large) > 1:
                judgements += judge_pairs(term, grouping, large, audited, confidence)
            judgements += (
                Judgement(
                    *(term, grouping.protected, group, "", size.n),
                    reason=(
                        too_few(size, gate.min_count)
                        if size.deciding < gate.min_count and size.kind != "clustered"
                        else refused[group] or too_few(size, gate.min_count)
                    ),
                    effective_n=size.effective_n,
                )
                for group, size in sizes.items()
                if group not in large
            )
            groupings += [(grouping, large)] * (len(judgements) - len(groupings))
    decided = holm(judgements, confidence) if gate.family == "holm" else tuple(judgements)
    if say_rows_needed:
        n_claims = 1 if gate.family == "none" else sum(each.has_interval for each in judgements)
        to_fail = 1 - (1 - confidence) / max(n_claims, 1)
        decided = tuple(
            replace(
                final, needed=_needed(plain, *about, counts, audited, gate, to_fail, confidence)
            )
            if final.verdict is Verdict.INSUFFICIENT_EVIDENCE
            else final
            for final, plain, about in zip(decided, judgements, groupings, strict=True)
        )
    return GateResult(decided, gate.family)


def _needed(
    judgement: Judgement,
    grouping: Grouping,
    large: dict[str, Size],
    counts: AnyCounts,
    audited: Audit,
    gate: Gate,
    to_fail: float,
    confidence: float,
) -> RowsNeeded | None:
    """Return the rows that a judgement with insufficient evidence needs."""
    if judgement.has_interval:
        of = (judgement, large, counts, grouping, audited, gate, to_fail, confidence)
        return rows_needed(judgement, case_of(*of))
    n, group = judgement.effective_n, judgement.group_a
    deciding = judgement.n if n is None else n
    if judgement.group_b or deciding >= gate.min_count:
        return None
    totals = sizes_by_rate([selection_rate], counts, grouping, audited)[1][0]
    n_rows = int(totals[grouping.groups.index(group)])
    return rows_to_judge(group, n_rows, deciding / max(n_rows, 1), gate.min_count)


def _grouping(term: Term, counts: AnyCounts, names: tuple[str, ...]) -> Grouping:
    if not names:
        return everybody(counts.columns)
    # Areas under the ROC curve are only compared between group_a and group_b.
    of = group_a_and_b if term.declared or term.metric.name in _OF_TWO else values_of
    return of(counts.columns, *names)


def _refused(term: Term, counts: AnyCounts, grouping: Grouping, audited: Audit) -> dict[str, str]:
    """Return, for each group, why its weighted or clustered rows give no interval; else empty."""
    if audited.clusters is None:
        whys = why_no_interval(counts, grouping, term.metric.rates)
    else:
        whys = audited.clusters.why_no_interval(grouping, term.metric.rates)
    return dict(zip(grouping.groups, whys, strict=True))
