"""Margins as text, and the verdict on an interval of a difference."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.gate import MARGIN, Margins, Verdict, judge_margin, parse_margins

limits = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(sorted)
margins = st.floats(0, 1, exclude_max=True)


def test_the_default_is_wider_for_the_ratio() -> None:
    assert parse_margins(MARGIN) == Margins(0.02, (("disparate_impact", 0.1),))
    assert parse_margins("0").of("accuracy") == 0


@given(margins, st.dictionaries(st.sampled_from(["accuracy", "statistical_parity"]), margins))
def test_the_text_of_margins_gives_them_back(usual: float, own: dict[str, float]) -> None:
    given_ = Margins(usual, tuple(own.items()))
    assert parse_margins(str(given_)) == given_


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-0.1", "-0.1 is no margin; give numbers from 0 to below 1"),
        ("1", "1 is no margin"),
        ("nan", "nan is no margin"),
        ("2 %", "2 % is no margin"),
        ("", "needs one number"),
        ("disparate_impact=0.1", "needs one number"),
        ("0.01; 0.02", "needs one number"),
        ("0.01; accuracy=0.1; accuracy=0.2", "each metric at most once"),
        ("0.01; accuracy=", "nothing is no margin"),
        ("0.01; acuracy=0.1", "did you mean accuracy"),
    ],
)
def test_a_wrong_margin_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        parse_margins(text)


@given(limits, margins, st.booleans())
def test_the_verdict_is_that_of_every_value_in_the_interval(
    interval: list[float], margin: float, larger_is_better: bool
) -> None:
    low, high = interval
    verdict = judge_margin(low, high, margin, larger_is_better=larger_is_better)
    losses = [-low, -high] if larger_is_better else [low, high]
    if verdict is Verdict.PASS:
        assert max(losses) < margin
    elif verdict is Verdict.FAIL:
        assert min(losses) > margin
    else:
        assert min(losses) <= margin <= max(losses)


@given(limits, margins, margins, st.booleans())
def test_a_wider_margin_never_makes_a_verdict_worse(
    interval: list[float], one: float, other: float, larger_is_better: bool
) -> None:
    order = [Verdict.FAIL, Verdict.INSUFFICIENT_EVIDENCE, Verdict.PASS]
    narrow, wide = (
        order.index(judge_margin(*interval, each, larger_is_better=larger_is_better))
        for each in sorted([one, other])
    )
    assert narrow <= wide


@given(limits, margins)
def test_a_loss_is_a_loss_in_either_direction(interval: list[float], margin: float) -> None:
    low, high = interval
    assert judge_margin(low, high, margin, larger_is_better=True) is judge_margin(
        -high, -low, margin, larger_is_better=False
    )


def test_no_interval_is_no_evidence() -> None:
    none = judge_margin(math.nan, math.nan, 0.5, larger_is_better=True)
    assert none is Verdict.INSUFFICIENT_EVIDENCE
