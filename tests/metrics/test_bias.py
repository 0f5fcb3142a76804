from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import chi2_contingency
from sklearn.metrics import accuracy_score

from fairrun.metrics import BIAS_METRICS, Counts
from tests.metrics.samples import SEX, bias_metrics

with warnings.catch_warnings():
    # Python reports the invalid escape sequences in aif360's sources when it compiles them.
    warnings.filterwarnings("ignore", "invalid escape sequence", DeprecationWarning)
    warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning)
    from aif360.sklearn import metrics as aif360

Rows = Any  # the named tuple of conftest.py: codes, y_true, y_pred, probability
Oracle = Callable[[Rows], float]


def by_group(rows: Rows, rate: Callable[..., float]) -> tuple[float, float]:
    """fairlearn's rate of a and of b; the package itself only compares without a sign."""
    frame = fairlearn.MetricFrame(
        metrics=rate, y_true=rows.y_true, y_pred=rows.y_pred, sensitive_features=rows.codes
    )
    return frame.by_group[0], frame.by_group[1]


def fairlearn_difference(rate: Callable[..., float]) -> Oracle:
    def difference(rows: Rows) -> float:
        a, b = by_group(rows, rate)
        return a - b

    return difference


def fairlearn_ratio(rate: Callable[..., float]) -> Oracle:
    def ratio(rows: Rows) -> float:
        a, b = by_group(rows, rate)
        return a / b

    return ratio


def aif360_of(metric: Callable[..., float], *rate: Callable[..., float]) -> Oracle:
    """aif360's metric; it compares the unprivileged with the privileged group, that is b with a."""

    def value(rows: Rows) -> float:
        y_true, y_pred = pd.Series(rows.y_true), pd.Series(rows.y_pred)
        return metric(*rate, y_true, y_pred, prot_attr=rows.codes, priv_group=0)

    return value


def mapped(direction: Callable[[float], float], oracle: Oracle) -> Oracle:
    return lambda rows: direction(oracle(rows))


def negative(x: float) -> float:
    return -x


def inverse(x: float) -> float:
    return 1 / x


def unsigned_ratio(x: float) -> float:
    return min(x, 1 / x)


def cohen_d_of_rows(rows: Rows) -> float:
    a, b = rows.y_pred[rows.codes == 0], rows.y_pred[rows.codes == 1]
    squares = (len(a) - 1) * np.var(a) + (len(b) - 1) * np.var(b)
    return (a.mean() - b.mean()) / np.sqrt(squares / (len(a) + len(b) - 2))


def root_of_chi_squared(rows: Rows) -> float:
    """The z of two proportions with a pooled variance is the root of Pearson's chi squared."""
    table = pd.crosstab(rows.codes, rows.y_pred)
    chi_squared = chi2_contingency(table, correction=False).statistic
    rate_a, rate_b = (rows.y_pred[rows.codes == code].mean() for code in (0, 1))
    return np.sign(rate_a - rate_b) * np.sqrt(chi_squared)


#: For each of our metrics, what computes the same from the rows of a and b, brought to our
#: direction.
ORACLES: dict[str, dict[str, Oracle]] = {
    "statistical_parity": {
        "fairlearn": fairlearn_difference(fairlearn.selection_rate),
        "aif360": mapped(negative, aif360_of(aif360.statistical_parity_difference)),
    },
    "disparate_impact": {
        "fairlearn": fairlearn_ratio(fairlearn.selection_rate),
        "aif360": mapped(inverse, aif360_of(aif360.disparate_impact_ratio)),
    },
    "four_fifths_rule": {
        "fairlearn": lambda rows: fairlearn.demographic_parity_ratio(
            rows.y_true, rows.y_pred, sensitive_features=rows.codes
        ),
        "aif360": mapped(unsigned_ratio, aif360_of(aif360.disparate_impact_ratio)),
    },
    "cohen_d": {"rows": cohen_d_of_rows},
    "2sd_rule": {"scipy": root_of_chi_squared},
    "equality_of_opportunity_difference": {
        "fairlearn": fairlearn_difference(fairlearn.true_positive_rate),
        "aif360": mapped(negative, aif360_of(aif360.equal_opportunity_difference)),
    },
    "false_positive_rate_difference": {
        "fairlearn": fairlearn_difference(fairlearn.false_positive_rate),
        # The false positive rate is 1 - specificity, which turns the sign once more.
        "aif360": aif360_of(aif360.difference, aif360.specificity_score),
    },
    "average_odds_difference": {
        "fairlearn": lambda rows: (
            (
                fairlearn_difference(fairlearn.true_positive_rate)(rows)
                + fairlearn_difference(fairlearn.false_positive_rate)(rows)
            )
            / 2
        ),
        "aif360": mapped(negative, aif360_of(aif360.average_odds_difference)),
    },
    "accuracy_difference": {
        "fairlearn": fairlearn_difference(accuracy_score),
        "aif360": mapped(negative, aif360_of(aif360.difference, accuracy_score)),
    },
}


STANDARDISED = {"cohen_d", "2sd_rule"}


def tables(smallest: int, largest: int) -> st.SearchStrategy[NDArray[np.int64]]:
    return arrays(np.int64, (3, 2, 2), elements=st.integers(smallest, largest))


def close(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


def assert_equal_to_the_oracles(rows: Rows) -> None:
    ours = bias_metrics(Counts.from_arrays([SEX], [rows.codes], rows.y_true, rows.y_pred).table)
    in_a_or_b = type(rows)(*(column[rows.codes >= 0] for column in rows))
    for name, oracles in ORACLES.items():
        for package, oracle in oracles.items():
            assert ours[name] == close(oracle(in_a_or_b)), (name, package)


def test_every_metric_has_an_oracle() -> None:
    assert list(ORACLES) == list(BIAS_METRICS)


def test_oracles_on_random_rows(rows: Rows) -> None:
    assert_equal_to_the_oracles(rows)


@settings(max_examples=15, deadline=None)
@given(table=tables(1, 60))
def test_oracles_on_any_counts(rows_of: Callable[[Any], Rows], table: NDArray[np.int64]) -> None:
    assert_equal_to_the_oracles(rows_of(table))


def assert_equal_to_holisticai(rows: Rows) -> None:
    from holisticai.bias.metrics import classification_bias_metrics

    ours = bias_metrics(Counts.from_arrays([SEX], [rows.codes], rows.y_true, rows.y_pred).table)
    theirs = classification_bias_metrics(rows.codes == 0, rows.codes == 1, rows.y_pred, rows.y_true)
    assert [metric.title for metric in BIAS_METRICS.values()] == theirs.index.tolist()
    assert [metric.reference for metric in BIAS_METRICS.values()] == theirs["Reference"].tolist()
    for name, metric in BIAS_METRICS.items():
        assert ours[name] == close(theirs.loc[metric.title, "Value"]), name


def test_holisticai_on_random_rows(rows: Rows) -> None:
    assert_equal_to_holisticai(rows)


@settings(max_examples=50, deadline=None)
@given(table=tables(1, 60))
def test_holisticai_on_any_counts(rows_of: Callable[[Any], Rows], table: NDArray[np.int64]) -> None:
    assert_equal_to_holisticai(rows_of(table))


def exact_values(table: NDArray[np.int64]) -> dict[str, float]:
    """The metrics in rational arithmetic, in which what is undefined divides by zero."""
    cells = [[[int(n) for n in row] for row in group] for group in table[:2]]
    n_a, n_b = (sum(map(sum, group)) for group in cells)

    def selected(group: int) -> Fraction:
        (_, fp), (_, tp) = cells[group]
        return Fraction(fp + tp, sum(map(sum, cells[group])))

    def rate(group: int, label: int) -> Fraction:
        return Fraction(cells[group][label][1], sum(cells[group][label]))

    def accuracy(group: int) -> Fraction:
        (tn, _), (_, tp) = cells[group]
        return Fraction(tn + tp, sum(map(sum, cells[group])))

    def standardised(variance: Fraction) -> float:
        difference = selected(0) - selected(1)
        return math.copysign(math.sqrt(difference**2 / variance), difference)

    def cohen_d() -> float:
        p, q = selected(0), selected(1)
        return standardised(((n_a - 1) * p * (1 - p) + (n_b - 1) * q * (1 - q)) / (n_a + n_b - 2))

    def two_sd_rule() -> float:
        p = (n_a * selected(0) + n_b * selected(1)) / (n_a + n_b)
        return standardised(p * (1 - p) * (Fraction(1, n_a) + Fraction(1, n_b)))

    formulas: dict[str, Callable[[], Fraction | float]] = {
        "statistical_parity": lambda: selected(0) - selected(1),
        "disparate_impact": lambda: selected(0) / selected(1),
        "four_fifths_rule": lambda: min(selected(0), selected(1)) / max(selected(0), selected(1)),
        "cohen_d": cohen_d,
        "2sd_rule": two_sd_rule,
        "equality_of_opportunity_difference": lambda: rate(0, 1) - rate(1, 1),
        "false_positive_rate_difference": lambda: rate(0, 0) - rate(1, 0),
        "average_odds_difference": lambda: (rate(0, 1) - rate(1, 1) + rate(0, 0) - rate(1, 0)) / 2,
        "accuracy_difference": lambda: accuracy(0) - accuracy(1),
    }
    values = {}
    for name, formula in formulas.items():
        try:
            values[name] = float(formula())
        except ZeroDivisionError:
            values[name] = math.nan
    return values


@settings(max_examples=300, deadline=None)
@given(tables(0, 2) | tables(0, 1) | tables(0, 10**6))
def test_values_are_exact_and_nan_exactly_where_undefined(table: NDArray[np.int64]) -> None:
    ours = bias_metrics(table)
    for name, expected in exact_values(table).items():
        # Division by a standard deviation magnifies the rounding of the rates: among millions of
        # rows of which all but a few are selected, 1 - p keeps nine digits.
        tolerance = 1e-8 if name in STANDARDISED else 1e-12
        approximately = pytest.approx(expected, rel=tolerance, abs=tolerance, nan_ok=True)
        assert ours[name] == approximately, name


FULL = [[3, 2], [1, 4]]
EMPTY = [[0, 0], [0, 0]]
TRUE_POSITIVES = {"equality_of_opportunity_difference", "average_odds_difference"}
FALSE_POSITIVES = {"false_positive_rate_difference", "average_odds_difference"}

#: Tables of a and b, and which metrics are undefined for them.
DEGENERATE: dict[str, tuple[list[list[int]], list[list[int]], set[str]]] = {
    "a empty": (EMPTY, FULL, set(BIAS_METRICS)),
    "b empty": (FULL, EMPTY, set(BIAS_METRICS)),
    "both empty": (EMPTY, EMPTY, set(BIAS_METRICS)),
    "no positives in a": ([[3, 2], [0, 0]], FULL, TRUE_POSITIVES),
    "no positives in b": (FULL, [[3, 2], [0, 0]], TRUE_POSITIVES),
    "no negatives in b": (FULL, [[0, 0], [1, 4]], FALSE_POSITIVES),
    "nobody selected in a": ([[3, 0], [2, 0]], FULL, set()),
    "nobody selected in b": (FULL, [[3, 0], [2, 0]], {"disparate_impact"}),
    "nobody selected": (
        [[3, 0], [2, 0]],
        [[4, 0], [1, 0]],
        {"disparate_impact", "four_fifths_rule"} | STANDARDISED,
    ),
    "everybody selected": ([[0, 3], [0, 2]], [[0, 4], [0, 1]], STANDARDISED),
    "all of a, none of b": ([[0, 3], [0, 2]], [[4, 0], [1, 0]], {"disparate_impact", "cohen_d"}),
    "one row each": (
        [[0, 0], [0, 1]],
        [[0, 0], [1, 0]],
        {"disparate_impact", "cohen_d"} | FALSE_POSITIVES,
    ),
}


@pytest.mark.parametrize(("a", "b", "undefined"), DEGENERATE.values(), ids=DEGENERATE)
def test_undefined_is_nan(a: list[list[int]], b: list[list[int]], undefined: set[str]) -> None:
    values = bias_metrics([a, b, FULL])
    assert {name for name, value in values.items() if math.isnan(value)} == undefined
    assert not any(map(math.isinf, values.values()))


def test_nobody_selected_in_one_group_is_the_worst_four_fifths_not_an_undefined_one() -> None:
    values = bias_metrics([FULL, [[3, 0], [2, 0]], EMPTY])
    assert values["four_fifths_rule"] == 0


@given(tables(0, 20), st.integers(0, 20))
def test_rows_in_neither_group_play_no_part(table: NDArray[np.int64], more: int) -> None:
    others = table.copy()
    others[2] += more
    ours, same = (bias_metrics(t) for t in (table, others))
    assert list(ours.values()) == pytest.approx(list(same.values()), rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("name", BIAS_METRICS)
def test_vectorised_equals_looped(name: str) -> None:
    function = BIAS_METRICS[name].function
    stack = np.random.default_rng(0).integers(0, 4, size=(20, 30, 3, 2, 2))
    looped = [[float(function(table)) for table in row] for row in stack]
    vectorised = function(stack)
    assert vectorised.shape == (20, 30)
    np.testing.assert_array_equal(vectorised, looped)
    assert 0 < np.isnan(vectorised).sum() < vectorised.size


@given(tables(0, 20))
def test_the_kind_says_what_swapping_the_groups_does(table: NDArray[np.int64]) -> None:
    ours = bias_metrics(table)
    swapped = bias_metrics(table[[1, 0, 2]])
    for name, metric in BIAS_METRICS.items():
        if metric.kind == "difference":
            assert ours[name] == close(-swapped[name])
        elif metric.kind == "ratio" and ours[name] > 0 and swapped[name] > 0:
            assert ours[name] == close(1 / swapped[name])
