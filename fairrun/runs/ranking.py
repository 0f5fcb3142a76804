"""Rank the models of a comparison by what they do on the validation rows."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairrun.gate import Gate, GateResult, Verdict
from fairrun.metrics import EffectKind
from fairrun.sweep.objectives import Constraint
from fairrun.sweep.selection import why_trivial
from fairrun.text import n_of

__all__ = ["Candidate", "Ranking", "rank", "way_to_decide"]

_UNMITIGATED = "none"


@dataclass(frozen=True)
class Candidate:
    """A model of a comparison.

    Attributes
    ----------
    mitigator : str
        The name of its mitigator.
    metrics : mapping of str to float
        Its metrics on the validation rows, as they are shown.
    verdict : Verdict or None
        The verdict of the constraint on the validation rows; None without a constraint.
    effect : str
        What the mitigator does; an `EffectKind`, or empty.
    """

    mitigator: str
    metrics: Mapping[str, float]
    verdict: Verdict | None = None
    effect: str = ""


@dataclass(frozen=True)
class Ranking:
    """The order of the models of a comparison.

    Attributes
    ----------
    order : tuple of int
        The positions of the candidates, the recommended one first.
    rule : str
        The rule of the order, in words.
    because : str
        Why the first one is recommended, in words that follow "because".
    """

    order: tuple[int, ...]
    rule: str
    because: str


def rank(candidates: Sequence[Candidate], constraint: Constraint | None) -> Ranking:
    """Rank models by their metrics on the validation rows.

    First come the models whose intervals meet the constraint, those with a higher accuracy first.
    Then come the others, those first whose value is nearer to parity (the value reaches less far
    out of the allowed range, or lies further inside). Among these, a trivial model (see
    `why_trivial`) comes last, because its groups hardly differ whatever its scores are. A model
    that is no different from none comes directly behind none, unless only one of the two meets the
    constraint. Without a constraint, the accuracy alone decides. Values that are not shown do not
    decide either.

    Parameters
    ----------
    candidates : sequence of Candidate
        The models.
    constraint : Constraint or None
        The constraint.

    Returns
    -------
    Ranking

    Examples
    --------
    >>> from fairrun.sweep.objectives import read_constraint
    >>> limit = read_constraint("statistical_parity<=0.1", [])
    >>> plain = Candidate("none", {"accuracy": 0.85, "statistical_parity": 0.2}, Verdict.FAIL)
    >>> fair = Candidate("reweighing", {"accuracy": 0.8, "statistical_parity": 0}, Verdict.PASS)
    >>> found = rank([plain, fair], limit)
    >>> found.order, found.because
    ((1, 0), 'it is the only model whose interval meets statistical_parity<=0.1 on validation')
    """
    names = [each.mitigator for each in candidates]
    of_none = candidates[names.index(_UNMITIGATED)] if _UNMITIGATED in names else None

    def is_behind(each: Candidate) -> bool:
        """Return whether a model takes the place behind none, whatever its own numbers are."""
        if of_none is None or each.effect != EffectKind.SAME:
            return False
        return (each.verdict is Verdict.PASS) == (of_none.verdict is Verdict.PASS)

    def key(place: int) -> tuple[float, ...]:
        each, behind = candidates[place], is_behind(candidates[place])
        return (*_key(of_none if behind and of_none else each, constraint), behind, place)

    order = tuple(sorted(range(len(candidates)), key=key))
    first = candidates[order[0]]
    better = [
        each.mitigator
        for each in candidates
        if is_behind(each) and _key(each, constraint) < _key(first, constraint)
    ]
    same = f"not counting {', '.join(better)}, no different from none" if better else ""
    behind = ""
    if any(map(is_behind, candidates)):
        behind = "; a model that is no different from none directly behind it"
    if constraint is None:
        rule = f"ranked by accuracy on validation alone, because constraint=none{behind}"
        because = "its accuracy on validation is the best"
        return Ranking(order, rule, f"{because} ({same})" if same else because)
    limit = "; ".join(map(str, constraint.gate.terms))
    rule = (
        f"ranked on validation: first the models whose {_intervals(constraint)} {limit}, by "
        f"accuracy; then the others, the nearest to {_goal(constraint)} first{behind}"
    )
    ordered = [candidates[place] for place in order]
    return Ranking(order, rule, _because(ordered, limit, constraint, same))


def _intervals(constraint: Constraint) -> str:
    return "interval meets" if len(constraint.keys) == 1 else "intervals meet"


def _goal(constraint: Constraint) -> str:
    """Return what the values of models come near to."""
    is_parity = all(term.metric.kind != "performance" for term in constraint.gate.terms)
    return "parity" if is_parity else "what the constraint allows"


def _key(each: Candidate, constraint: Constraint | None) -> tuple[float, ...]:
    accuracy = each.metrics.get("accuracy", math.nan)
    loss = math.inf if math.isnan(accuracy) else -accuracy
    if constraint is None:
        return (loss,)
    distance = _distance(each, constraint)
    if each.verdict is Verdict.PASS:
        return (0, 0, loss, distance)
    return (1, float(bool(why_trivial(each.metrics))), distance, loss)


def _distance(each: Candidate, constraint: Constraint) -> float:
    """Return how far the values reach out of the allowed range; a large number if undefined."""
    return max(constraint.violations(each.metrics, of_values=True).values())


def _because(ordered: Sequence[Candidate], limit: str, constraint: Constraint, same: str) -> str:
    first, intervals = ordered[0], _intervals(constraint)
    meeting = sum(each.verdict is Verdict.PASS for each in ordered)
    if meeting == 1:
        return f"it is the only model whose {intervals} {limit} on validation"
    if meeting:
        because = (
            f"its accuracy on validation is the best of the {meeting} models whose {intervals} "
            f"{limit}"
        )
        return f"{because} ({same})" if same else because
    values = [first.metrics.get(key, math.nan) for key in constraint.keys]
    none = f"no model's {intervals} {limit} on validation"
    if any(map(math.isnan, values)):
        because = (
            f"{none}, nor is a value shown that tells which is nearest; its accuracy is the best"
        )
        return f"{because} ({same})" if same else because
    shown = ", ".join(f"{value:z.3f}" for value in values)
    left_out = sum(bool(why_trivial(each.metrics)) for each in ordered)
    notes = [same] if same else []
    if left_out and not why_trivial(first.metrics):
        notes.append(f"{n_of(left_out, 'trivial model')} left out")
    values_are = f"value {shown} is" if len(values) == 1 else f"values {shown} are"
    because = f"{none}, and its {values_are} the nearest to {_goal(constraint)}"
    return f"{because} ({'; '.join(notes)})" if notes else because


def way_to_decide(
    metrics: Mapping[str, float], constraint: Constraint | None, judged: GateResult | None
) -> str:
    """Return which constraint to give if a group has too few rows for a term about every pair.

    Parameters
    ----------
    metrics : mapping of str to float
        The metrics of the recommended model on the validation rows, as they are shown.
    constraint : Constraint or None
        What the models were ranked by.
    judged : GateResult or None
        The result of the constraint for this model on the validation rows.

    Returns
    -------
    str
        A sentence; empty if every group has enough rows, or if the declared groups have no value
        either.
    """
    if constraint is None:
        return ""
    unjudged = {
        str(each.term)
        for each in (() if judged is None else judged.judgements)
        if each.protected and not each.group_b and not each.has_interval
    }
    undecided, terms = [], []
    for term, key in zip(constraint.gate.terms, constraint.keys, strict=True):
        declared = key.replace(f"{term.metric.name}_worst", term.metric.name)
        is_hidden = math.isnan(metrics.get(key, math.nan))
        helps = key != declared and math.isfinite(metrics.get(declared, math.nan))
        is_undecided = helps and (is_hidden or str(term) in unjudged)
        undecided += [str(term)] * is_undecided
        terms.append(replace(term, declared=True) if is_undecided else term)
    if not undecided:
        return ""
    gate = replace(constraint.gate, terms=tuple(terms))
    text = "; ".join(map(str, terms)) if gate == Gate(gate.terms) else str(gate)
    return (
        f"{undecided[0]} compares every two groups, and a group has too few rows; to compare only "
        f"the privileged with the unprivileged group, give constraint={shlex.quote(text)}"
    )
