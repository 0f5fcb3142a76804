from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, norm

from fairrun.gate import Judgement, Verdict, decide, parse_gate
from fairrun.gate.family import at_confidence, holm
from fairrun.gate.terms import parse_term
from fairrun.metrics import Counts, audit
from tests.metrics.samples import COLUMNS, SEX, tables

FAIL, INSUFFICIENT, PASS = Verdict
DIFFERENCE = parse_term("statistical_parity<=0.1")
Z = float(norm.isf(0.025))


def difference(value: float, error: float) -> Judgement:
    low, high = value - Z * error, value + Z * error
    return Judgement(DIFFERENCE, "sex", "Male", "Female", 900, value, low, high)


def holm_by_p_values(p: list[float]) -> set[int]:
    """Holm (1979): reject in ascending order while p(i) ≤ α / (k − i + 1)."""
    rejected = set()
    for step, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[place] >= 0.05 / (len(p) - step):
            break
        rejected.add(place)
    return rejected


@given(st.lists(st.tuples(st.floats(-0.4, 0.4), st.floats(0.01, 0.1)), min_size=1, max_size=8))
def test_it_fails_what_holm_rejects(drawn: list[tuple[float, float]]) -> None:
    judged = holm([difference(*each) for each in drawn], 0.95)
    p = [2 * float(norm.sf((abs(value) - 0.1) / error)) for value, error in drawn]
    assert {i for i, each in enumerate(judged) if each.verdict is FAIL} == holm_by_p_values(p)


def test_each_step_is_less_strict_than_the_one_before() -> None:
    """At 2.1 standard errors, the second fails because the first has failed at 1 − α / 2 before."""
    clear, near, none = (difference(0.1 + z * 0.02, 0.02) for z in (4.0, 2.1, -1.0))
    assert [e.verdict for e in holm([clear, near], 0.95)] == [FAIL, FAIL]
    first, second, third = holm([near, clear, none], 0.95)
    assert [e.verdict for e in (first, second, third)] == [INSUFFICIENT, FAIL, INSUFFICIENT]
    assert [e.level for e in (first, second, third)] == ["97.5 %", "98.33 %", "95 %"]
    assert first.reason == "outside at 95 %, not at 97.5 % (family=holm)"
    assert first.ci_low == pytest.approx(near.value - norm.isf(0.0125) * 0.02)
    assert not second.reason
    # What is neither inside nor outside at the plain level stays as it is.
    assert third == none


def test_one_judgement_and_one_without_an_interval_change_nothing() -> None:
    near = difference(0.1 + 2.1 * 0.02, 0.02)
    small = Judgement(DIFFERENCE, "sex", "Male", "", 4, reason="too few rows")
    assert holm([near, small], 0.95) == (near, small)
    assert holm([], 0.95) == ()


@settings(max_examples=6, deadline=None)
@given(tables(3, 4, 2, 2, largest=400), st.floats(0.02, 0.4))
def test_only_fails_become_insufficient(table: Any, t: float) -> None:
    counts = Counts(COLUMNS, table)
    audited = audit(counts, n_replicates=50)
    text = f"statistical_parity<={t}; disparate_impact>={1 - t}; accuracy>={1 - t} @ sex:race"
    plain, family = (
        decide(parse_gate(text + more), counts, audited).judgements
        for more in ("; min_count=5", "; min_count=5; family=holm")
    )
    for one, other in zip(plain, family, strict=True):
        assert other.verdict is one.verdict or (one.verdict, other.verdict) == (FAIL, INSUFFICIENT)
        assert other.confidence >= one.confidence
        assert math.isnan(other.value) or other.ci_low <= other.value <= other.ci_high
        assert (other.verdict is one.verdict) or "family=holm" in other.reason


@pytest.mark.parametrize("selected", [0, 1, 3, 10, 30])
def test_a_scaled_limit_of_a_rate_is_that_of_its_level(selected: int) -> None:
    """Against Jeffreys' limits at 1 − 0.05 / 6: the share outside is at most a tenth larger."""
    posterior = beta(selected + 0.5, 60 - selected + 0.5)
    low, high = posterior.ppf([0.025, 0.975]).tolist()
    rate = Judgement(
        *(parse_term("selection_rate<=0.5"), "", "(all)", "", 60),
        *(selected / 60, low if selected else 0.0, high),
    )
    wider = at_confidence(rate, 1 - 0.05 / 6)
    assert posterior.cdf(wider.ci_low) <= 1.1 * 0.05 / 12
    assert 0.5 * 0.05 / 12 <= posterior.sf(wider.ci_high) <= 1.1 * 0.05 / 12


def test_a_ratio_is_scaled_as_its_inverse() -> None:
    term = parse_term("disparate_impact>=0.8")
    one = at_confidence(Judgement(term, "sex", "a", "b", 60, 0.5, 0.3, 0.7), 0.99)
    other = at_confidence(Judgement(term, "sex", "b", "a", 60, 2, 1 / 0.7, 1 / 0.3), 0.99)
    assert (one.ci_low, one.ci_high) == pytest.approx((1 / other.ci_high, 1 / other.ci_low))
    assert one.ci_high == pytest.approx(0.5 * 1.4 ** (norm.isf(0.005) / Z))
    none = at_confidence(Judgement(term, "sex", "a", "b", 60, 0.0, 0.0, 0.2), 0.99)
    assert (none.ci_low, none.ci_high) == pytest.approx((0, 0.2 * (norm.isf(0.005) / Z) ** 2))
    unbounded = at_confidence(Judgement(term, "sex", "a", "b", 60, 0.5, 0.0, np.inf), 0.99)
    assert (unbounded.ci_low, unbounded.ci_high) == (0, np.inf)


def test_the_result_says_which_family_and_which_level() -> None:
    counts = Counts((SEX,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    gate = parse_gate("disparate_impact>=0.8; accuracy>=0.7; family=holm")
    result = decide(gate, counts, audit(counts, n_replicates=200))
    assert str(result).startswith("gate: fail (family=holm: disparate_impact>=0.8, sex Male")
    assert result.table["confidence"].tolist() == [0.975, 0.95]
    assert result.table["verdict"].tolist() == ["fail", "pass"]
