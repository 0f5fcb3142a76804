"""The objectives of a sweep, one or two metrics to improve, and its constraint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairrun.errors import RequestError
from fairrun.gate import GATE_METRICS, Gate, GateMetric, Term, Verdict, judge, overall, read_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import PERFORMANCE_METRICS
from fairrun.text import did_you_mean

__all__ = [
    "Constraint",
    "Objective",
    "check_choice",
    "interval_keys",
    "parse_objectives",
    "read_constraint",
]

#: Performance metrics for which lower values are better.
_LOSSES = {"brier_score"}
#: The metrics that can be objectives. Rates such as the selection rate are excluded, because larger
#: values are neither better nor worse.
_KNOWN = [
    name
    for name, metric in GATE_METRICS.items()
    if name not in ("abroca", "roc_auc_difference", "cohen_d")
    and (metric.kind != "performance" or name in {*PERFORMANCE_METRICS, "roc_auc", *_LOSSES})
]
#: The largest violation of a constraint; an undefined metric counts as this violation.
_WORST_VIOLATION = 10.0

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Objective:
    """A metric to improve: better performance, or a bias metric nearer to parity.

    Attributes
    ----------
    metric : GateMetric
        The metric.
    protected : str
        The protected column or crossing of a bias metric; empty for performance.
    key : str
        The name of its value in the metrics of a trial.
    """

    metric: GateMetric
    protected: str
    key: str

    def gain(self, metrics: Metrics) -> tuple[float, float, float]:
        """Return the gain, for which larger values are better, with its interval.

        The gain of a difference d is −|d|, that of a ratio r is min(r, 1 / r), and that of a loss
        is its negative. The gain of other metrics is their value.

        Parameters
        ----------
        metrics : mapping of str to float
            The metrics of a trial.

        Returns
        -------
        value, low, high : float
            The gain, and the smallest and largest gain for values in the metric's interval. NaN if
            the metric is undefined.

        Examples
        --------
        >>> sp = parse_objectives("statistical_parity", [])[0]
        >>> sp.gain({"statistical_parity": 0.02, "statistical_parity_ci_low": -0.01,
        ...          "statistical_parity_ci_high": 0.05})
        (-0.02, -0.05, -0.0)
        """
        value, low, high = (metrics.get(name, math.nan) for name in interval_keys(self.key))
        if math.isnan(value):
            return math.nan, math.nan, math.nan
        if self.metric.kind == "difference":
            nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
            return -abs(value), -max(abs(low), abs(high)), -nearest
        if self.metric.kind == "ratio":
            ends = [_nearness(end) for end in (low, high)]
            return _nearness(value), min(ends), 1.0 if low <= 1 <= high else max(ends)
        return (-value, -high, -low) if self.metric.name in _LOSSES else (value, low, high)

    def __str__(self) -> str:
        return self.key


def _nearness(ratio: float) -> float:
    return min(ratio, 1 / ratio) if ratio > 0 else 0.0


def interval_keys(key: str) -> tuple[str, str, str]:
    """Return the names of a metric and of its lower and upper limit.

    Examples
    --------
    >>> interval_keys("disparate_impact_worst/race")[1]
    'disparate_impact_worst_ci_low/race'
    """
    name, slash, column = key.partition("/")
    return key, f"{name}_ci_low{slash}{column}", f"{name}_ci_high{slash}{column}"


def parse_objectives(text: str, protected: Sequence[ProtectedColumn]) -> tuple[Objective, ...]:
    """Parse one or two objectives, such as ``accuracy,statistical_parity @ race``.

    Parameters
    ----------
    text : str
        Metrics separated by a comma, each with an optional protected column or crossing after
        ``@``.
    protected : sequence of ProtectedColumn
        The protected columns.

    Returns
    -------
    tuple of Objective

    Raises
    ------
    RequestError
        If a metric is unknown or cannot be an objective, a metric is given twice, or there are more
        than two.
    """
    objectives = tuple(_objective(part.strip(), protected) for part in text.split(","))
    if len(objectives) > 2 or len({each.key for each in objectives}) < len(objectives):
        raise RequestError(
            f"objective={text} is not possible; give one metric or two different metrics"
        )
    return objectives


def check_choice(objective: str, constraint: str | None, select: str | None) -> None:
    """Raise RequestError for what is wrong in every data set, before the data are read.

    Parameters
    ----------
    objective : str
        The objectives; see `parse_objectives`.
    constraint : str or None
        The constraint; see `read_constraint`.
    select : str or None
        The rule of the choice; see `fairrun.sweep.selection.RULES`.
    """
    for part in objective.split(","):
        _objective(part.strip(), ())
    if constraint is not None:
        read_constraint(constraint, ())
    elif select == "constrained":
        raise RequestError(
            "select=constrained needs a constraint; give one, such as "
            "constraint='statistical_parity<=0.05'"
        )


def _objective(text: str, columns: Sequence[ProtectedColumn]) -> Objective:
    name, _, protected = (part.strip() for part in text.partition("@"))
    if name not in _KNOWN:
        hint = did_you_mean(name, _KNOWN, f"give one of {', '.join(_KNOWN)}")
        raise RequestError(f"objective={name} is not known; {hint}")
    metric = GATE_METRICS[name]
    if metric.kind == "performance" and protected:
        raise RequestError(
            f"objective={text} is not possible, because a sweep measures performance over all "
            "rows; leave @ out"
        )
    about, key = _about(metric, protected or None, columns)
    return Objective(metric, about, key)


def _about(
    metric: GateMetric, protected: str | None, columns: Sequence[ProtectedColumn]
) -> tuple[str, str]:
    """Return the column or crossing of a metric, and its name in the metrics of a trial."""
    if metric.kind == "performance" or not columns:
        return "", metric.name
    first = columns[0].name
    term = Term(metric, metric.kind == "ratio", 0.5, protected or first)
    (names,) = term.about(columns)
    about = ":".join(names)
    several = math.prod(len(c.values) for c in columns if c.name in names) > 2
    suffix = "" if about == first else f"/{about}"
    return about, metric.name + ("_worst" if several else "") + suffix


@dataclass(frozen=True)
class Constraint:
    """The conditions on a trial: the terms of a gate, which judge intervals.

    Attributes
    ----------
    gate : Gate
        The gate, which the evaluation on the test rows uses too. A term without a column is for the
        first protected column.
    keys : tuple of str
        For each term, the name of its value in the metrics of a trial.
    abouts : tuple of str
        For each term, its protected column or crossing; empty for performance.
    """

    gate: Gate
    keys: tuple[str, ...]
    abouts: tuple[str, ...]

    def verdict(self, metrics: Metrics) -> Verdict:
        """Return the verdict for the intervals of a trial.

        It is "pass" if all intervals lie in the allowed range, "fail" if one lies outside it, and
        "insufficient evidence" otherwise. The gate's `family` is ignored, because it changes only
        which trials fail. It applies to the evaluation on the test rows.
        """
        limits = [interval_keys(key)[1:] for key in self.keys]
        return overall(
            judge(term, *(metrics.get(end, math.nan) for end in ends))
            for term, ends in zip(self.gate.terms, limits, strict=True)
        )

    def violations(self, metrics: Metrics, *, of_values: bool = False) -> dict[str, float]:
        """Return how far the interval of each term reaches out of the allowed range.

        Results of 0 or less mean that the interval lies within the range. With `of_values`, the
        value of the metric takes the place of its interval.
        """
        found = {}
        for term, key in zip(self.gate.terms, self.keys, strict=True):
            of = (key, key) if of_values else interval_keys(key)[1:]
            ends = (metrics.get(end, math.nan) for end in of)
            distance = term.bound(*ends) - term.threshold
            found[str(term)] = min(-distance if term.at_least else distance, _WORST_VIOLATION)
        return found

    def __str__(self) -> str:
        return str(self.gate)


def read_constraint(text: str, protected: Sequence[ProtectedColumn]) -> Constraint:
    """Read a constraint, from the text or file of a gate.

    Parameters
    ----------
    text : str
        The gate; see `fairrun.gate.read_gate`. A term without ``@`` is for the first protected
        column only.
    protected : sequence of ProtectedColumn
        The protected columns.

    Returns
    -------
    Constraint

    Raises
    ------
    RequestError
        If the text is not a gate, or a term is about a metric or a column that is not measured.
    """
    gate = read_gate(text)
    terms, keys, abouts = [], [], []
    for term in gate.terms:
        if term.metric.kind == "performance" and (term.protected or term.declared):
            raise RequestError(
                f"{term} is not possible, because a constraint takes the performance over all "
                "rows; leave @ out, and the brackets"
            )
        if term.metric.name not in _KNOWN and term.metric.kind != "performance":
            raise RequestError(
                f"{term} is not possible, because a constraint cannot be about {term.metric.name}; "
                "leave it out here, and give it as gate to evaluate"
            )
        if protected:
            term.about(protected)  # refuses an unknown column in the words of the user
        about, key = _about(term.metric, term.protected, protected)
        # A sweep logs the declared pair under the plain name.
        if term.declared:
            key = key.replace(f"{term.metric.name}_worst", term.metric.name)
        terms.append(replace(term, protected=about or None))
        keys.append(key)
        abouts.append(about)
    return Constraint(replace(gate, terms=tuple(terms)), tuple(keys), tuple(abouts))
