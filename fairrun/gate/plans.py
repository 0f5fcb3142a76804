"""A plan of rows that are not collected yet, and how many of them a gate would need."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.documents import is_yaml, read_yaml
from fairrun.errors import RequestError
from fairrun.gate.gates import Gate
from fairrun.gate.judgements import Judgement
from fairrun.gate.power import power_of
from fairrun.gate.rows_needed import case_of, rows_needed
from fairrun.gate.terms import Term
from fairrun.gate.verdicts import decide
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, audit, everybody, of_predictions, values_of
from fairrun.text import did_you_mean

__all__ = ["ABOUT_PLAN", "ExpectedGroup", "parse_plan", "plan_rows", "read_plan"]

#: What the table of `plan_rows` says, for those who read it.
ABOUT_PLAN = (
    "value: the metric at the assumed rates. rows_needed: the rows of each group with which the "
    "term would be decided with a probability of 80 % if the assumed rates are right. "
    "rows_needed_halfway: the same if the true value is halfway between the limit and the best "
    "value. power: the probability that the planned rows decide the term."
)
_EXAMPLE = "sex: Male 5000 at 0.3, Female 2000 at 0.2"
_GROUP = re.compile(r"(?P<name>\S.*?)(\s+(?P<rows>[0-9]+))?\s+at\s+(?P<rate>\S+)")
#: The rates that can be given for a group. All metrics of labels follow from the last three.
_OF_LABELS = ("base_rate", "true_positive_rate", "false_positive_rate")
_RATES = ("selection_rate", *_OF_LABELS)
#: Expected counts are computed for at least this number of rows, so that rounding does not matter.
_FINE = 10**6
#: The most rows of a planned group.
_MOST_ROWS = 10**9


@dataclass(frozen=True)
class ExpectedGroup:
    """A group of the rows that will be collected.

    Attributes
    ----------
    name : str
        The value of the protected column.
    rates : mapping of str to float
        `selection_rate`, or `base_rate`, `true_positive_rate` and `false_positive_rate`.
    rows : int or None
        The planned number of rows; None if it is not known yet.
    """

    name: str
    rates: Mapping[str, float] = field(default_factory=dict)
    rows: int | None = None

    @property
    def labelled(self) -> bool:
        """Return whether the rates say how many rows have label 1."""
        return "base_rate" in self.rates

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the expected share of the rows by label and prediction, of shape (2, 2)."""
        if not self.labelled:
            selected = self.rates["selection_rate"]
            return np.array([[1 - selected, selected], [0.0, 0.0]])
        base, true, false = (self.rates[name] for name in _OF_LABELS)
        return np.array(
            [[(1 - base) * (1 - false), (1 - base) * false], [base * (1 - true), base * true]]
        )


#: The expected groups of each protected column.
Plan = dict[str, tuple[ExpectedGroup, ...]]


def read_plan(plan: str) -> Plan:
    """Read a plan from text or from a YAML file.

    Parameters
    ----------
    plan : str
        Text in the form of `parse_plan`, or the path of a file that ends in .yaml or .yml. The file
        has a key for each protected column, below it a key for each group, and below that `rows`
        and either `selection_rate`, or all of `base_rate`, `true_positive_rate` and
        `false_positive_rate`.

    Returns
    -------
    dict of str to tuple of ExpectedGroup
        The groups by protected column.

    Raises
    ------
    RequestError
        If the file cannot be read, or the plan is not valid.
    """
    if not is_yaml(plan):
        return parse_plan(plan)
    document = read_yaml(plan, "plan")
    if not isinstance(document, dict) or not all(
        isinstance(groups, dict) and all(isinstance(of, dict) for of in groups.values())
        for groups in document.values()
    ):
        raise RequestError(
            f"plan={plan} holds no plan; give a key for each protected column, below it one for "
            "each group, and below that rows and selection_rate"
        )
    return _checked(
        {
            str(column): tuple(_group(str(name), of) for name, of in groups.items())
            for column, groups in document.items()
        }
    )


def parse_plan(text: str) -> Plan:
    """Parse a plan from text: `column: group rows at rate, group rows at rate; column: …`.

    Parameters
    ----------
    text : str
        The rates are selection rates. The numbers of rows can be left out.

    Returns
    -------
    dict of str to tuple of ExpectedGroup
        The groups by protected column.

    Raises
    ------
    RequestError
        If the text is not a plan, a group is given twice, only some groups of a column have a
        number of rows, or a number is not valid.

    Examples
    --------
    >>> (column, groups), = parse_plan("sex: Male 5000 at 0.3, Female 2000 at 0.2").items()
    >>> column, [(each.name, each.rows, each.rates["selection_rate"]) for each in groups]
    ('sex', [('Male', 5000, 0.3), ('Female', 2000, 0.2)])
    """
    plan: Plan = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        column, colon, groups = (each.strip() for each in part.partition(":"))
        found = [_GROUP.fullmatch(each.strip()) for each in groups.split(",")]
        if not colon or not column or not all(found):
            raise RequestError(f"{part!r} is not a plan of a column; write it like {_EXAMPLE!r}")
        if column in plan:
            raise RequestError(f"the plan has the column {column} twice; give it once")
        plan[column] = tuple(
            _group(each["name"], {"rows": each["rows"], "selection_rate": each["rate"]})
            for each in found
            if each is not None
        )
    return _checked(plan)


def _group(name: str, of: Mapping[str, Any]) -> ExpectedGroup:
    """Return a group of a plan, after checking its numbers."""
    rates = {key: value for key, value in of.items() if key != "rows"}
    for key in rates:
        if key not in _RATES:
            meant = did_you_mean(str(key), ("rows", *_RATES), f"give rows, {', '.join(_RATES)}")
            raise RequestError(f"the plan of {name} has an unknown key {key}; {meant}")
    if set(rates) not in ({"selection_rate"}, {*_OF_LABELS}):
        raise RequestError(
            f"the plan of {name} has the rates {', '.join(rates) or 'none'}; give selection_rate, "
            f"or {', '.join(_OF_LABELS)}"
        )
    numbers = {key: _rate(name, key, value) for key, value in rates.items()}
    rows = of.get("rows")
    if rows is None:
        return ExpectedGroup(name, numbers)
    is_whole = isinstance(rows, int | str) and not isinstance(rows, bool)
    if (
        not is_whole
        or not re.fullmatch("[0-9]{1,10}", str(rows))
        or not 0 < int(rows) <= _MOST_ROWS
    ):
        raise RequestError(f"the rows of {name} are not a whole number from 1 to {_MOST_ROWS:,}")
    return ExpectedGroup(name, numbers, int(rows))


def _rate(name: str, key: str, given: Any) -> float:
    try:
        rate = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        rate = math.nan
    if not 0 < rate < 1:
        raise RequestError(
            f"the {key} of {name} is not a rate between 0 and 1; give one such as 0.3"
        )
    return rate


def _checked(plan: Plan) -> Plan:
    if not plan:
        raise RequestError(f"the plan is empty; write it like {_EXAMPLE!r}")
    for column, groups in plan.items():
        names = [each.name for each in groups]
        if len(names) < 2 or len(set(names)) < len(names):
            raise RequestError(
                f"the plan of {column} has the groups {', '.join(names)}; give two or more, each "
                "once"
            )
        if len({each.rows is None for each in groups}) > 1:
            raise RequestError(
                f"only some groups of {column} have a number of rows; give it for all or for none"
            )
        if len({each.labelled for each in groups}) > 1:
            raise RequestError(
                f"only some groups of {column} have a base_rate; give the same rates for all"
            )
    return plan


def plan_rows(plan: Plan, gate: Gate) -> pd.DataFrame:
    """Return how many rows would decide each term of a gate, before any data are collected.

    Parameters
    ----------
    plan : dict of str to tuple of ExpectedGroup
        The expected groups of each protected column. Without numbers of rows, groups of equal size
        are planned.
    gate : Gate
        The terms, about differences or ratios of rates, or about one rate.

    Returns
    -------
    pandas.DataFrame
        One row for each term and group, with the columns term, protected, group, value (the metric
        at the assumed rates), verdict (the right one), rows_needed, rows_needed_halfway (see
        `ABOUT_PLAN`), planned_rows and power. A number of rows is missing if no number would
        probably decide. The last two columns are left out if the plan has no numbers of rows.

    Raises
    ------
    RequestError
        If a term needs labels of which the plan has no rates, is about scores, or names a crossing
        or a column that is not in the plan.

    Examples
    --------
    >>> plan = parse_plan("sex: Male 5000 at 0.3, Female 2000 at 0.2")
    >>> table = plan_rows(plan, Gate.parse("disparate_impact>=0.8"))
    >>> table[["group", "verdict", "planned_rows", "power"]]
        group verdict  planned_rows  power
    0    Male    fail          5000   0.96
    1  Female    fail          2000   0.96
    """
    columns = {name: _column(name, groups) for name, groups in plan.items()}
    records: list[dict[str, Any]] = []
    for term in gate.terms:
        _refuse(term)
        for names in term.about([*columns.values()]):
            if len(names) > 1:
                raise RequestError(
                    f"the gate's term {term} is about a crossing, which a plan does not have; plan "
                    "a column with the crossed values"
                )
            # All rows together are those of the first column.
            name = names[0] if names else next(iter(columns))
            records += _planned(term, names, columns[name], plan[name], gate)
    table = pd.DataFrame(records)
    rows = ["rows_needed", "rows_needed_halfway", "planned_rows"]
    table = table.astype(dict.fromkeys(rows, "Int64"))
    if table["planned_rows"].isna().all():
        return table.drop(columns=["planned_rows", "power"])
    planned = table["planned_rows"]
    return table if planned.isna().any() else table.assign(planned_rows=planned.astype(np.int64))


def _column(name: str, groups: tuple[ExpectedGroup, ...]) -> ProtectedColumn:
    values = tuple(each.name for each in groups)
    return ProtectedColumn(name, values, values[:1], values[1:])


def _refuse(term: Term) -> None:
    """Raise RequestError if a term cannot be planned."""
    if term.metric.of_scores or term.metric.name == "cohen_d":
        raise RequestError(
            f"the gate's term {term} cannot be planned, because a plan has rates and no scores; "
            "leave it out"
        )
    if term.declared:
        raise RequestError(
            f"the gate's term {term} compares declared groups, which a plan does not have; write "
            "it without the brackets, and plan the two groups"
        )


def _planned(
    term: Term,
    names: tuple[str, ...],
    column: ProtectedColumn,
    groups: tuple[ExpectedGroup, ...],
    gate: Gate,
) -> list[dict[str, Any]]:
    """Return the rows of the table about one term and one column."""
    labelled = groups[0].labelled
    if not labelled and not of_predictions(term.metric.rates):
        raise RequestError(
            f"the gate's term {term} needs labels; give {', '.join(_OF_LABELS)} of each group of "
            f"{column.name} in a YAML file"
        )
    rows = np.array([each.rows or 1 for each in groups])
    times = math.ceil(_FINE / rows.min())
    fine = np.rint([each.shares * n * times for each, n in zip(groups, rows, strict=True)])
    table = np.concatenate([fine.astype(np.int64), np.zeros((1, 2, 2), dtype=np.int64)])
    counts = Counts((column,), table, labelled)
    audited = audit(counts, n_replicates=20)
    of = Gate((term,), gate.min_count)
    grouping = values_of(counts.columns, *names) if names else everybody(counts.columns)
    records = []
    for judgement in decide(of, counts, audited, say_rows_needed=False).judgements:
        case = case_of(judgement, grouping.groups, counts, grouping, audited, of)
        needed = rows_needed(judgement, case)
        if needed is None:
            raise RequestError(
                f"the gate's term {term} is undefined at the planned rates; change a rate"
            )
        measured, halfway = needed.answers
        power = power_of(case, case.shares, 1 / times)[str(measured.verdict)]
        records += [
            {
                "term": str(term),
                "protected": judgement.protected,
                "group": group,
                "value": judgement.value,
                "verdict": str(measured.verdict),
                "rows_needed": measured.rows[i] if measured.rows else None,
                "rows_needed_halfway": halfway.rows[i] if halfway.rows else None,
                "planned_rows": _planned_rows(judgement, group, groups),
                "power": power if groups[0].rows else np.nan,
            }
            for i, group in enumerate(needed.groups)
        ]
    return records


def _planned_rows(
    judgement: Judgement, group: str, groups: tuple[ExpectedGroup, ...]
) -> int | None:
    of_group = [each.rows for each in groups if not judgement.protected or each.name == group]
    return None if None in of_group else sum(n for n in of_group if n is not None)
