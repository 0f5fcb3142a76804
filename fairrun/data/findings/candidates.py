"""Which columns could be the target or protected, for a user who has only a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fairrun.data.findings.coded import CodedColumn
from fairrun.data.findings.finding import Finding, in_words

__all__ = ["candidates", "possible_protected", "possible_targets"]

_TARGETS = re.compile(
    "(^|[^a-z])(y|target|label|class|outcome|result|decision|default(ed)?|approv(ed|al)|hired?|"
    "income|paid|accept(ed)?|granted|loan_status|status|recid\\w*|credit_risk|deposit|churn|"
    "admit(ted)?|passed|success)([^a-z]|$)"
)
_PROTECTED = re.compile(
    "(^|[^a-z])(sex|gender|race|ethnic\\w*|age|religion|disab\\w*|national\\w*|"
    "birth\\w*|origin|citizen\\w*|foreign\\w*|pregnan\\w*|orientation|skin\\w*|caste|veteran)"
    "([^a-z]|$)"
)
#: More values than this need a condition, such as ">=40", to make two groups.
MOST_VALUES = 20


def possible_targets(columns: Iterable[CodedColumn]) -> list[str]:
    """Return the columns with two values, those with a usual name of a target first.

    Among columns whose names do not tell, the last one is first, because files often end with the
    target.
    """
    two = [column.name for column in columns if column.n_distinct == 2]
    others = [name for name in two if not _usual(_PROTECTED, name)]
    last_first = others[::-1]
    return sorted(last_first, key=lambda name: not _usual(_TARGETS, name))


def possible_protected(columns: Iterable[CodedColumn]) -> list[str]:
    """Return the columns with a usual name of a protected column."""
    return [c.name for c in columns if c.n_distinct > 1 and _usual(_PROTECTED, c.name)]


def candidates(
    columns: Iterable[CodedColumn], *, target: bool, protected: bool
) -> Iterator[Finding]:
    """Say which columns could have the roles that are not given yet.

    Parameters
    ----------
    columns : iterable of CodedColumn
        The columns without a role.
    target, protected : bool
        Whether the target, and any protected column, is still to be found.
    """
    every = list(columns)
    if target:
        names = possible_targets(every)
        way_out = "give target=COLUMN and positive=VALUE, the favourable value"
        if names:
            have = "has" if len(names) == 1 else "have"
            sentence = f"{in_words(names)} {have} two values and could be the target"
        else:
            sentence = "no column has two values, so none can be the target"
            way_out = "add a column with two values to predict"
        yield Finding("candidates", tuple(names), sentence, way_out, warns=False)
    if protected:
        names = possible_protected(every)
        way_out = "give protected=COLUMN and privileged=VALUE, or a condition such as '>=40'"
        sentence = (
            f"{in_words(names)} could be protected, by the name"
            if names
            else "no column has a usual name of a protected column, such as sex or race"
        )
        yield Finding("candidates", tuple(names), sentence, way_out, warns=False)


def _usual(pattern: re.Pattern[str], name: str) -> bool:
    # "LoanStatus" and "loan-status" are read as "loan_status".
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return pattern.search(re.sub(r"\W", "_", words).lower()) is not None
