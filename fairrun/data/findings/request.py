"""Requests for a check, in which the roles of columns may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fairrun.data.findings.candidates import MOST_VALUES, possible_protected, possible_targets
from fairrun.data.findings.coded import CodedColumn
from fairrun.data.findings.finding import Findings
from fairrun.data.findings.roles import Roles
from fairrun.data.request import KNOWN_DATASETS, DataRequest, resolve_spec
from fairrun.data.selecting import check_names
from fairrun.data.spec import DatasetSpec
from fairrun.documents import is_yaml
from fairrun.errors import RequestError
from fairrun.groups import Protected, value_text

__all__ = ["CheckRequest", "check_request"]

#: Stands for a parameter that the user did not give. It is no name of a column.
_NOT_GIVEN = "(not given)"
#: Values of a target that are usually favourable, in small letters.
_FAVOURABLE = (
    *("yes", "y", "true", "1", "good", "high", "approved", "accepted", "granted", "hired"),
    *("ja", "oui", "si", "sí", "sim"),
    *("admitted", "passed", "success", "positive", ">50k", "low risk", "fully paid"),
)


@dataclass(frozen=True)
class CheckRequest:
    """A request for data in which some roles may be unknown.

    Attributes
    ----------
    spec : DatasetSpec
        The spec, with stand-ins for what was not given. It says how the rows are read.
    target, positive : bool
        Whether the target and its favourable value are known.
    protected : bool
        Whether protected columns are known.
    """

    spec: DatasetSpec
    target: bool = True
    positive: bool = True
    protected: bool = True

    def roles(self, columns: Mapping[str, CodedColumn]) -> tuple[Roles, dict[str, str]]:
        """Return the roles that are known, and a remark on each part of them that is a guess.

        Parameters
        ----------
        columns : mapping of str to CodedColumn
            The columns of the table.

        Raises
        ------
        RequestError
            If a protected column has too many values to guess the privileged one, or the spec
            names a column that is not in the table.
        """
        if self.target and self.positive and self.protected:
            check_names(list(columns), self.spec)
        guesses = {}
        positive = self.spec.positive if self.positive else None
        if self.target and not self.positive and self.spec.target in columns:
            positive = _favourable(columns[self.spec.target])
            guesses["positive"] = _remark("the favourable value", columns[self.spec.target])
        protected = self.spec.protected if self.protected else ()
        if any(each.privileged == _NOT_GIVEN for each in protected):
            protected = tuple(_with_groups(each.column, columns) for each in protected)
            guesses["protected"] = "a guess: privileged is the most frequent value"
        known = Roles.of(self.spec)
        target = self.spec.target if self.target else None
        return replace(known, target=target, positive=positive, protected=protected), guesses

    def fields(
        self,
        roles: Roles,
        columns: Mapping[str, CodedColumn],
        findings: Findings,
        guesses: Mapping[str, str],
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the fields of a dataset spec with guesses for the roles that are not known.

        Returns
        -------
        fields : dict
            The fields. A role that cannot be guessed is empty.
        guesses : dict of str to str
            A remark for each guess.
        """
        fields = self.spec.to_dict() | {"digests": {}, "target": roles.target}
        fields |= {"positive": roles.positive, "protected": _as_dicts(roles.protected)}
        said = dict(guesses)
        unfit = {name for each in findings.findings for name in each.change.get("drop", ())}
        free = [columns[name] for name in roles.features(columns) if name not in unfit]
        targets = possible_targets(free) if roles.target is None else []
        if targets:
            target = columns[targets[0]]
            fields |= {"target": target.name, "positive": _favourable(target)}
            others = f" among {', '.join(targets[:5])}" if targets[1:] else ""
            said |= {"target": f"a guess{others}"}
            said |= {"positive": _remark("the favourable value", target)}
        if not roles.protected:
            found = [name for name in possible_protected(free) if name not in targets[:1]]
            few = [name for name in found if columns[name].n_distinct <= MOST_VALUES]
            said["protected"] = "a guess: privileged is the most frequent value"
            if few:
                guessed = [_with_groups(name, columns) for name in few]
            else:
                numbers = [columns[name] for name in found if columns[name].is_number]
                guessed = [_upper_half(column) for column in numbers]
                said["protected"] = "a guess: privileged is the upper half of the numbers"
            fields["protected"] = _as_dicts(guessed)
        return fields, said


def check_request(request: DataRequest) -> CheckRequest:
    """Resolve a request for a check, in which only `data` is required.

    Parameters
    ----------
    request : DataRequest
        The user's parameters. The data are not those of an earlier `preprocess`.

    Returns
    -------
    CheckRequest

    Raises
    ------
    RequestError
        If parameters contradict each other, or a YAML spec cannot be read.

    Examples
    --------
    >>> checked = check_request(DataRequest("people.csv", target="paid"))
    >>> checked.target, checked.positive, checked.protected
    (True, False, False)
    """
    if request.data in KNOWN_DATASETS or is_yaml(request.data):
        return CheckRequest(resolve_spec(request))
    if request.privileged and not request.protected:
        raise RequestError("privileged was given without protected; give protected=COLUMN as well")
    protected = request.protected or [f"{_NOT_GIVEN} protected"]
    complete = replace(
        request,
        target=request.target or _NOT_GIVEN,
        positive=request.positive or _NOT_GIVEN,
        protected=protected,
        privileged=request.privileged or [_NOT_GIVEN] * len(protected),
    )
    return CheckRequest(
        resolve_spec(complete),
        request.target is not None,
        request.positive is not None,
        bool(request.protected),
    )


def _favourable(target: CodedColumn) -> str:
    texts = [value_text(value) for value in target.values.tolist()]
    usual = [word for word in _FAVOURABLE for text in texts if text.strip().lower() == word]
    by_word = {text.strip().lower(): text for text in texts}
    return by_word[usual[0]] if usual else max(texts, default="")


def _remark(what: str, column: CodedColumn) -> str:
    texts = sorted(value_text(value) for value in column.values.tolist())
    return f"a guess: {what} of {column.name} ({', '.join(texts[:5])})"


def _with_groups(name: str, columns: Mapping[str, CodedColumn]) -> Protected:
    """Return a protected column whose most frequent value is the privileged one."""
    if name not in columns:  # `find` refuses it with the names of the columns.
        return Protected(name, _NOT_GIVEN)
    column = columns[name]
    if column.n_distinct > MOST_VALUES:
        raise RequestError(
            f"protected={name} has {column.n_distinct:,} values; give privileged=VALUE "
            "or a condition, such as privileged='>=40'"
        )
    most = column.values[int(column.counts.argmax())] if column.n_distinct else ""
    return Protected(name, value_text(most))


def _upper_half(column: CodedColumn) -> Protected:
    """Return a column of numbers whose privileged group is the median and all above it."""
    order = np.argsort(column.values)
    half = np.searchsorted(column.counts[order].cumsum(), column.n_known / 2)
    return Protected(column.name, f">={value_text(column.values[order][half])}")


def _as_dicts(protected: Iterable[Protected]) -> list[dict[str, Any]]:
    """Return protected columns as a dataset spec has them, without empty parts."""
    entries = tuple(protected)
    if not entries:
        return []
    written = DatasetSpec("", "", "(target)", "", entries).to_dict()["protected"]
    return [{key: value for key, value in each.items() if value is not None} for each in written]
