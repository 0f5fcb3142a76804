"""A gate, which is a list of terms, as text or YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fairrun.documents import is_yaml, read_yaml
from fairrun.errors import RequestError
from fairrun.gate.terms import Term, parse_term
from fairrun.groups import ProtectedColumn
from fairrun.metrics import NEEDS_LABELS, NEEDS_SCORES, of_predictions

__all__ = ["Gate", "parse_gate", "read_gate"]

#: The largest `min_count`. No table has more rows.
_MOST_ROWS = 10**12 - 1
#: The parts of a gate's text that are not terms, right or wrong.
_SETTING = re.compile(r"(?P<name>min_count|family)\s*(?P<sign>[^\w\s]*)\s*(?P<value>.*)")
#: What to write for each setting.
_EXAMPLES = {"min_count": "a whole number, such as {}50", "family": "{}holm or {}none"}
#: The values of `family`.
_FAMILIES = ("none", "holm")


@dataclass(frozen=True)
class Gate:
    """The requirements that a model must meet.

    Attributes
    ----------
    terms : tuple of Term
        The terms. The gate passes only if all of them hold.
    min_count : int, default 30
        The smallest number of rows of a group in the denominator of each rate of a metric. With
        fewer rows the verdict on the group is insufficient evidence. For weighted rows, this is
        their effective number.
    family : {"none", "holm"}
        Whether each judgement fails at its own error rate, or all judgements together fail wrongly
        no more often than one would, by Holm's procedure. Passing is the same in both cases.
    """

    terms: tuple[Term, ...]
    min_count: int = 30
    family: str = "none"

    def check(
        self, protected: Sequence[ProtectedColumn], *, labelled: bool = True, scored: bool = True
    ) -> None:
        """Raise RequestError if a term cannot be decided.

        Parameters
        ----------
        protected : sequence of ProtectedColumn
            The protected columns. A term may name no other column.
        labelled, scored : bool
            Whether the rows have true labels, and scores. Some metrics need them.
        """
        for term in self.terms:
            term.about(protected)
        self.check_measurable(labelled=labelled, scored=scored)

    def check_measurable(self, *, labelled: bool, scored: bool) -> None:
        """Raise RequestError if a term needs true labels or scores that the rows do not have."""
        for term in self.terms:
            if not labelled and not of_predictions(term.metric.rates):
                raise RequestError(
                    f"the gate's term {term} cannot be decided, because {NEEDS_LABELS}; give "
                    "target, or leave the term out"
                )
            if not scored and term.metric.of_scores:
                raise RequestError(
                    f"the gate's term {term} cannot be decided, because {NEEDS_SCORES}; give "
                    "score, or leave the term out"
                )

    @classmethod
    def parse(cls, text: str) -> Gate:
        """Read a gate from text, as `parse_gate` does.

        Examples
        --------
        >>> print(Gate.parse("disparate_impact>=0.8 @ sex; accuracy>=0.8"))
        disparate_impact>=0.8 @ sex; accuracy>=0.8; min_count=30
        """
        return parse_gate(text)

    def __str__(self) -> str:
        family = [] if self.family == "none" else [f"family={self.family}"]
        return "; ".join([*map(str, self.terms), f"min_count={self.min_count}", *family])


def read_gate(gate: str) -> Gate:
    """Read a gate from text or from a YAML file.

    Parameters
    ----------
    gate : str
        Text in the form of `parse_gate`, or the path of a file that ends in .yaml or .yml. The file
        holds a list of terms, or the keys `terms` (that list) and, optionally, `min_count` and
        `family`.

    Returns
    -------
    Gate

    Raises
    ------
    RequestError
        If the file cannot be read, or the text or the file is not a valid gate.
    """
    if not is_yaml(gate):
        return parse_gate(gate)
    document = read_yaml(gate, "gate")
    if isinstance(document, list):
        document = {"terms": document}
    if isinstance(document, dict) and isinstance(document.get("terms"), list):
        _refuse_settings_among_terms(document["terms"])
    if (
        not isinstance(document, dict)
        or not {"terms"} <= set(document) <= {"terms", "min_count", "family"}
        or not isinstance(document["terms"], list)
        or not all(isinstance(term, str) for term in document["terms"])
    ):
        raise RequestError(
            f"gate={gate} holds no gate; give a list of terms such as disparate_impact>=0.8, "
            "or the keys terms (that list), min_count (a whole number) and family (none or holm)"
        )
    for name, example in _EXAMPLES.items():
        if name in document and document[name] is None:
            raise RequestError(f"{name} has no value; give {example.replace('{}', f'{name}: ')}")
    return _gate(document["terms"], document.get("min_count"), document.get("family"))


def _refuse_settings_among_terms(terms: list[Any]) -> None:
    """Raise RequestError if a setting is an item of the list of terms in a file."""
    for item in terms:
        texts = map(str, item) if isinstance(item, dict) else [str(item)]
        for text in texts:
            if setting := _SETTING.fullmatch(text.strip()):
                name = setting["name"]
                raise RequestError(
                    f"{name} is in the list of terms; give it as a key beside terms: "
                    + _EXAMPLES[name].replace("{}", f"{name}: ")
                )


def parse_gate(text: str) -> Gate:
    """Parse a gate from text: terms separated by semicolons.

    Parameters
    ----------
    text : str
        A term is a metric, >= or <=, and a number. To apply it to one protected column or crossing,
        add @ and its name. To compare only the two declared groups, add
        `[privileged vs unprivileged]`. One part can be `min_count=50`, and one `family=holm`.

    Returns
    -------
    Gate

    Raises
    ------
    RequestError
        If a part is not a term or is given twice, a metric is not known or has no interval, or a
        threshold or its direction is not valid for the metric.

    Examples
    --------
    >>> print(parse_gate("statistical_parity <= 0.1; accuracy >= 0.80 @ sex:race"))
    statistical_parity<=0.1; accuracy>=0.8 @ sex:race; min_count=30
    >>> parse_gate("disparate_impct>=0.8")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: a gate knows no metric 'disparate_impct'; did you mean
    disparate_impact?
    """
    parts = [part.strip() for part in text.split(";") if part.strip()]
    found = [setting for part in parts if (setting := _SETTING.fullmatch(part))]
    names = [setting["name"] for setting in found]
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"{name} is given {names.count(name)} times; give it once")
    for setting in found:
        if setting["sign"] not in ("=", ":") or not setting["value"]:
            name = setting["name"]
            wrong = "is not a setting" if setting["value"] else "has no value"
            raise RequestError(
                f"{setting[0]} {wrong}; give {_EXAMPLES[name].replace('{}', f'{name}=')}"
            )
    settings = {setting["name"]: setting["value"] for setting in found}
    terms = [part for part in parts if not _SETTING.fullmatch(part)]
    return _gate(terms, settings.get("min_count"), settings.get("family"))


def _gate(terms: Sequence[str], min_count: Any, family: Any) -> Gate:
    if not terms:
        raise RequestError("the gate has no terms; give one such as disparate_impact>=0.8")
    parsed = tuple(map(parse_term, terms))
    twice = [term for place, term in enumerate(parsed) if term in parsed[:place]]
    if twice:
        raise RequestError(f"the gate has the term {twice[0]} twice; give it once")
    gate = Gate(parsed)
    if min_count is not None:
        gate = replace(gate, min_count=_number_of_rows(min_count))
    return gate if family is None else replace(gate, family=_family(family))


def _family(given: Any) -> str:
    if given in _FAMILIES:
        return str(given)
    raise RequestError(
        f"family={_short(given):.20} is not known; give holm (one error rate over the whole gate) "
        "or none (each check has its own)"
    )


def _number_of_rows(given: Any) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and 0 < given <= _MOST_ROWS:
        return given
    if isinstance(given, str) and re.fullmatch("[1-9][0-9]{0,11}", given):
        return int(given)
    shown = given if len(text := _short(given)) < 20 else f"{text[:20]}…"
    raise RequestError(
        f"min_count={shown} is not a number of rows; give a whole number of at least 1"
    )


def _short(given: Any) -> str:
    # Python refuses to write an integer of thousands of digits.
    return "1" + "0" * 20 if isinstance(given, int) and abs(given) > _MOST_ROWS else str(given)
