"""Which of two values is favourable: what is known, what is asked for, and what is refused."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from fairrun.data.outcomes import read_outcome
from fairrun.errors import RequestError


def read(values: list[Any], given: str | None = None, like: str | None = None) -> tuple[Any, ...]:
    column = pd.Series(values, name="decision")
    found = read_outcome(column, "prediction", "favourable", given, like)
    return found.label.tolist(), found.favourable, found.is_guess


@pytest.mark.parametrize(
    ("values", "favourable"),
    [
        ([0.0, 1.0], "1"),
        (["no", "yes"], "yes"),
        (["False", "True"], "True"),
        (["f", "T"], "T"),
        (["rejected", "approved"], "approved"),
        (["DENIED", "Granted"], "Granted"),
        (["not hired", "hired"], "hired"),
        (["non-selected", "selected"], "selected"),
    ],
)
def test_a_known_pair_needs_no_word_and_is_a_guess(values: list[Any], favourable: str) -> None:
    assert read(values) == ([0, 1], favourable, True)
    assert read(values[::-1]) == ([1, 0], favourable, True)
    # What is given counts, also if it is the other value.
    other = str(values[0]).removesuffix(".0")
    assert read(values, given=other) == ([1, 0], other, False)


@pytest.mark.parametrize(
    ("values", "given", "like", "expected"),
    [
        (["A", "B"], "B", None, ([0, 1], "B", False)),
        (["A", "B"], None, "B", ([0, 1], "B", True)),
        ([0.0, 1.0], None, "0", ([1, 0], "0", True)),
        (["False", "True"], None, "0", ([1, 0], "False", True)),
        ([0.0, 0.5], "0.0", None, ([1, 0], "0", False)),
        ([0.0, 1.0], "yes", None, ([0, 1], "1", False)),
        ([1.0, 0.0], None, ">50K", ([1, 0], "1", True)),
        (["approved"], "approved", None, ([1], "approved", False)),
        ([0.0, 0.0], "1", None, ([0, 0], "1", False)),
        (["No"], "yes", None, ([0], "Yes", False)),
        (["True"], "False", None, ([0], "False", False)),
    ],
)
def test_a_word_decides(
    values: list[Any], given: str | None, like: str | None, expected: tuple[Any, ...]
) -> None:
    assert read(values, given, like) == expected


@pytest.mark.parametrize(
    ("values", "given", "message"),
    [
        (["A", "B"] * 5, None, "it has the values A, B: give favourable='A' or favourable='B'"),
        (["A", "B"], None, "2 values with fewer than 5 rows: give favourable=VALUE"),
        (["approved", "hired"] * 5, None, "nothing says which value"),
        (["approved"] * 5, None, "only the value approved: give favourable='approved'"),
        (["approved", "rejected"] * 5, "aproved", "did you mean approved"),
        (["approved"] * 5, "aproved", "it is approved in all rows.*did you mean approved"),
        (["rejected"] * 5, "hired", "it is rejected in all rows.*give rows with both values"),
        (
            ["a|b"] * 9 + ["no"] * 8 + ["maybe"] * 7,
            None,
            r"""has 3 values .* where='decision="a|b"|no'""",
        ),
        ([0.1, 0.2, 0.3], None, "if it is a score, give score=decision and threshold"),
        (["Yes", "yes", "no"] * 5, None, "Yes, yes differ only in spelling, so write them alike"),
        (["Yes", "yes"], "yes", "some of them differ only in spelling"),
    ],
)
def test_what_nobody_can_know_is_asked_for(
    values: list[Any], given: str | None, message: str
) -> None:
    with pytest.raises(RequestError, match=message.replace("|", r"\|")):
        read(values, given)


def test_a_refusal_names_no_rare_value() -> None:
    with pytest.raises(RequestError) as raised:
        read(["yes"] * 9 + ["no"] * 9 + ["Jo Doe"])
    assert "Jo Doe" not in str(raised.value)


def test_a_label_is_not_guessed_where_the_decision_has_the_other_value() -> None:
    """A decision of 0 may predict a label of 0, or be about something else than the label."""
    column = pd.Series([0.0, 1.0] * 5, name="default")
    with pytest.raises(RequestError, match=r"target=default is favourable.*give positive='0' or"):
        read_outcome(column, "target", "positive", None, "0")
    assert read_outcome(column, "target", "positive", None, "1").favourable == "1"
    assert read_outcome(column, "target", "positive", "1", "0").favourable == "1"
