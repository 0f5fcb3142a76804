from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fairrun.errors import RequestError
from fairrun.gate import GateResult, Verdict, decide, judge, overall, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    MOST_COMPARED,
    Audit,
    Counts,
    WeightedCounts,
    audit,
    audit_scores,
    group_a_and_b,
    hidden_groups,
    is_hidden_reason,
)
from fairrun.metrics.linearised import NOT_WEIGHTED
from tests.metrics.samples import COLUMNS, SEX, People, draw_people, tables

FEW: Any = {"n_replicates": 200}
FAIL, INSUFFICIENT, PASS = Verdict


def found(gate: str, counts: Counts) -> GateResult:
    return decide(parse_gate(gate), counts, audit(counts, **FEW))


def counts_of(people: People) -> Counts:
    return Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)


@pytest.fixture(scope="module")
def people() -> People:
    return draw_people(0, 20_000)


@pytest.fixture(scope="module")
def counts(people: People) -> Counts:
    return counts_of(people)


@pytest.fixture(scope="module")
def audited(people: People, counts: Counts) -> Audit:
    of_labels = audit(counts, **FEW)
    rates, compared = audit_scores(COLUMNS, people.codes, people.y_true, people.probability)
    return replace(
        of_labels,
        rates=pd.concat([of_labels.rates, rates]),
        compared=pd.concat([of_labels.compared, compared]),
    )


def column(*values: str) -> ProtectedColumn:
    return ProtectedColumn("group", values, values[:1], values[1:])


def table(*groups: tuple[int, int]) -> list[Any]:
    """Tables of groups of (selected, rejected), and one without rows for missing values."""
    return [
        [[rejected // 2, selected // 2], [rejected - rejected // 2, selected - selected // 2]]
        for selected, rejected in groups
    ] + [[[0, 0], [0, 0]]]


@pytest.mark.parametrize(
    ("text", "low", "high", "verdict"),
    [
        # A difference is signed: it must lie within [−t, t].
        ("statistical_parity<=0.1", -0.05, 0.08, PASS),
        ("statistical_parity<=0.1", -0.3, -0.2, FAIL),
        ("statistical_parity<=0.1", 0.2, 0.3, FAIL),
        ("statistical_parity<=0.1", -0.2, 0.05, INSUFFICIENT),
        ("statistical_parity<=0.1", -0.2, 0.2, INSUFFICIENT),
        ("statistical_parity<=0.1", -0.1, 0.1, PASS),
        ("statistical_parity<=0.1", 0.1, 0.2, INSUFFICIENT),
        # A ratio within [t, 1 / t]: Adult's of men to women is 3.15.
        ("disparate_impact>=0.8", 2.9, 3.4, FAIL),
        ("disparate_impact>=0.8", 0.2, 0.4, FAIL),
        ("disparate_impact>=0.8", 0.81, 1.24, PASS),
        ("disparate_impact>=0.8", 0.9, 1.3, INSUFFICIENT),
        ("disparate_impact>=0.8", 0.0, 0.1, FAIL),
        # A rate on one side.
        ("accuracy>=0.8", 0.81, 0.9, PASS),
        ("accuracy>=0.8", 0.7, 0.79, FAIL),
        ("accuracy>=0.8", 0.79, 0.81, INSUFFICIENT),
        ("false_positive_rate<=0.1", 0.0, 0.05, PASS),
        ("false_positive_rate<=0.1", 0.2, 0.25, FAIL),
        ("disparate_impact>=0.8", math.nan, math.nan, INSUFFICIENT),
        ("statistical_parity<=0.1", math.nan, math.nan, INSUFFICIENT),
    ],
)
def test_an_interval_is_inside_outside_or_neither(
    text: str, low: float, high: float, verdict: Verdict
) -> None:
    assert judge(parse_gate(text).terms[0], low, high) is verdict


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_fail_prevails_over_insufficient_and_that_over_pass(verdicts: list[Verdict]) -> None:
    expected = next(v for v in (FAIL, INSUFFICIENT, PASS) if v in verdicts)
    assert overall(verdicts) is expected


_LIMIT = st.floats(-1, 1)
_THRESHOLD = st.floats(0.01, 0.99)


@given(st.tuples(_LIMIT, _LIMIT), _THRESHOLD, _THRESHOLD)
def test_a_stricter_threshold_is_never_kinder(
    limits: tuple[float, float], one: float, other: float
) -> None:
    low, high = sorted(limits)
    strict, lax = sorted((one, other))
    kindness = [FAIL, INSUFFICIENT, PASS].index

    def verdict(metric: str, threshold: float, *interval: float) -> int:
        return kindness(judge(parse_gate(f"{metric}{threshold!r}").terms[0], *interval))

    assert verdict("statistical_parity<=", strict, low, high) <= verdict(
        "statistical_parity<=", lax, low, high
    )
    for metric, interval in (
        ("disparate_impact>=", (math.exp(2 * low), math.exp(2 * high))),
        ("accuracy>=", (abs(low), abs(low) + abs(high))),
    ):
        # Here the larger threshold is the stricter one.
        assert verdict(metric, lax, *interval) <= verdict(metric, strict, *interval)


@given(st.tuples(_LIMIT, _LIMIT), _THRESHOLD)
def test_swapping_the_groups_changes_no_verdict(
    limits: tuple[float, float], threshold: float
) -> None:
    low, high = sorted(limits)
    (difference,) = parse_gate(f"statistical_parity<={threshold!r}").terms
    assert judge(difference, low, high) is judge(difference, -high, -low)
    (ratio,) = parse_gate(f"disparate_impact>={threshold!r}").terms
    r_low, r_high = math.exp(low), math.exp(high)
    for end in (r_low, r_high):  # rounding decides where a limit is the threshold
        assume(abs(math.log(end)) != pytest.approx(-math.log(threshold)))
    assert judge(ratio, r_low, r_high) is judge(ratio, 1 / r_high, 1 / r_low)


@given(_LIMIT, _LIMIT, _THRESHOLD, st.sampled_from(["statistical_parity<=", "accuracy>="]))
def test_a_wider_interval_decides_no_more(
    low: float, high: float, threshold: float, metric: str
) -> None:
    low, high = sorted((low, high))
    (term,) = parse_gate(f"{metric}{threshold!r}").terms
    wider = judge(term, low - 0.1, high + 0.1)
    assert wider in (INSUFFICIENT, judge(term, low, high))


def test_men_against_women_must_not_pass() -> None:
    table = [[[600, 50], [50, 300]], [[850, 20], [50, 80]], [[0, 0], [0, 0]]]
    result = found("disparate_impact>=0.8", Counts((SEX,), table))
    (each,) = result.judgements
    assert each.value == pytest.approx(3.5)
    assert (each.group_a, each.group_b) == ("Male", "Female")
    assert result.verdict is FAIL
    assert str(result).startswith(
        "gate: fail (disparate_impact>=0.8, sex Male against Female: 3.500, 2."
    )


def test_two_values_have_the_interval_that_is_logged(counts: Counts, audited: Audit) -> None:
    result = decide(parse_gate("equality_of_opportunity_difference<=0.1 @ sex"), counts, audited)
    logged = audited.metrics("sex")
    name = "equality_of_opportunity_difference"
    (each,) = result.judgements
    assert each.value == logged[name]
    assert (each.ci_low, each.ci_high) == (logged[f"{name}_ci_low"], logged[f"{name}_ci_high"])


@pytest.mark.parametrize("name", ["disparate_impact>=0.8", "statistical_parity<=0.1"])
@pytest.mark.parametrize("protected", ["race", "sex:race"])
def test_of_several_it_is_the_worst_pair_as_logged(
    counts: Counts, audited: Audit, name: str, protected: str
) -> None:
    (each,) = decide(parse_gate(f"{name} @ {protected}"), counts, audited).judgements
    metric = each.term.metric.name
    logged = audited.metrics("sex")
    assert each.value == logged[f"{metric}_worst/{protected}"]
    assert each.ci_low == logged[f"{metric}_worst_ci_low/{protected}"]
    assert each.ci_high == logged[f"{metric}_worst_ci_high/{protected}"]
    pairs = audited.together.query(f"protected == {protected!r} and metric == {metric!r}")
    of_pairs = [judge(each.term, *x) for x in pairs[["ci_low", "ci_high"]].to_numpy()]
    assert each.verdict is overall(of_pairs)


def test_fairness_is_of_every_column_and_performance_of_all_rows(
    counts: Counts, audited: Audit
) -> None:
    result = decide(
        parse_gate(
            "statistical_parity<=0.5; accuracy>=0.6; roc_auc>=0.6; roc_auc_difference<=0.1 @ sex"
        ),
        counts,
        audited,
    )
    assert list(result.table["protected"]) == ["sex", "race", "", "", "sex"]
    assert list(result.table["group_a"])[2:4] == ["(all)", "(all)"]
    assert result.verdict is PASS
    assert str(result) == "gate: pass"


def test_metrics_with_an_upper_limit_only_pass_or_stay_open(
    people: People, counts: Counts, audited: Audit, caplog: pytest.LogCaptureFixture
) -> None:
    # The model is badly calibrated, and its curves differ by chance: neither can fail.
    for metric, large in (("abroca", 0.2), ("squared_calibration_error", 0.2)):
        for threshold, verdict in ((large, PASS), (1e-6, INSUFFICIENT)):
            result = decide(parse_gate(f"{metric}<={threshold} @ sex"), counts, audited)
            assert result.verdict is verdict, (metric, threshold)
    caplog.clear()
    decide(parse_gate("abroca<=0.1 @ sex; abroca<=0.1 @ race"), counts, audited)
    (line,) = caplog.messages
    assert "write roc_auc_difference<=" in line


def test_a_brier_score_needs_rows_of_both_labels() -> None:
    # 5 of 500 rows have label 1: enough rows, but those that decide the score are too few.
    y_true = np.repeat([1, 0], [5, 495])
    counts = Counts.from_arrays([SEX], [np.zeros(500, int)], y_true, y_true)
    rates, _ = audit_scores([SEX], [np.zeros(500, int)], y_true, y_true * 0.9 + 0.01)
    of_labels = audit(counts, **FEW)
    audited = replace(of_labels, rates=pd.concat([of_labels.rates, rates]))
    (only,) = decide(parse_gate("brier_score<=0.1"), counts, audited).judgements
    assert only.verdict is INSUFFICIENT
    assert only.reason == "brier_score has 5 rows with label 1, fewer than min_count=30"


def test_calibration_is_judged_with_its_sign(counts: Counts, audited: Audit) -> None:
    name = "calibration_in_the_large"
    rates = audited.rates.query(f"metric == {name!r} and protected == 'race'").set_index("group")
    result = decide(parse_gate(f"{name}<=0.3 @ race; {name}<=0.01"), counts, audited)
    *of_race, of_all = result.judgements
    assert [each.group_a for each in of_race] == ["White", "Black", "Other"]
    for each in of_race:
        alone = rates.loc[each.group_a]
        assert each.value == alone["value"]
        # At the level of three groups at once, each limit moves away from the value.
        assert each.ci_low < alone["ci_low"] < alone["ci_high"] < each.ci_high
        assert each.verdict is PASS
    assert of_all.verdict is FAIL
    assert f"all rows: {of_all.value:+.3f}, " in str(result)


def test_numbers_are_shown_with_their_sign_and_an_upper_limit_as_one(
    counts: Counts, audited: Audit
) -> None:
    terms = "statistical_parity<=0.01 @ sex; statistical_parity<=0.01 @ race; abroca<=1e-6 @ sex"
    pair, worst, area = decide(parse_gate(terms), counts, audited).judgements
    assert pair.measured.startswith("+0.")
    assert " to +0." in pair.measured
    assert "+" not in worst.measured  # its groups are ordered, so a plus says nothing
    assert area.measured == f"{area.value:.3f}, at most {area.ci_high:.3f}"


@pytest.mark.parametrize("n", [1, 2])
def test_one_row_is_not_several(n: int) -> None:
    group = column("a", "b")
    plain = Counts((group,), table((500, 500), (n, 0)))
    codes, y = np.repeat([0, 1], [1000, n]), np.arange(1000 + n) % 2
    weighted = WeightedCounts.from_arrays([group], [codes], y, y, np.full(1000 + n, 2.0))
    noun = "row" if n == 1 else "rows"
    for counted, rows in ((plain, f"{n} {noun}"), (weighted, f"of {n} weighted {noun}")):
        gate = parse_gate("statistical_parity<=0.1")
        assert f"{rows}, fewer than" in str(decide(gate, counted, audit(counted)))


def test_each_group_is_judged_by_an_interval_as_wide_as_all_need(
    counts: Counts, audited: Audit
) -> None:
    result = decide(parse_gate("recall>=0.3 @ race"), counts, audited)
    assert [each.group_a for each in result.judgements] == ["White", "Black", "Other"]
    rates = audited.rates.query("protected == 'race' and metric == 'true_positive_rate'")
    rates = rates.set_index("group")
    for each in result.judgements:
        width = rates.loc[each.group_a, "ci_high"] - rates.loc[each.group_a, "ci_low"]
        # The 1 − 0.05 / 6 quantile of the normal distribution over its 0.975 quantile.
        assert each.ci_high - each.ci_low == pytest.approx(width * 2.394 / 1.96, rel=1e-3)
    (of_all,) = decide(parse_gate("recall>=0.3"), counts, audited).judgements
    logged = audited.metrics("sex")
    assert (of_all.ci_low, of_all.ci_high) == (logged["recall_ci_low"], logged["recall_ci_high"])


def test_a_small_group_is_listed_and_leaves_the_evidence_insufficient() -> None:
    groups = column("A", "B", "C")
    even = Counts((groups,), table((5000, 5000), (5000, 5000), (10, 10)))
    result = found("disparate_impact>=0.8; accuracy>=0.4 @ group", even)
    small = result.table.query("group_a == 'C'")
    assert len(small) == 2
    assert set(small["verdict"]) == {"insufficient_evidence"}
    assert small["reason"].iloc[0] == "selection_rate has 20 rows, fewer than min_count=30"
    assert set(result.table.drop(small.index)["verdict"]) == {"pass"}
    assert result.verdict is INSUFFICIENT
    # It hides no failure of the others, and alone fails nothing.
    uneven = Counts((groups,), table((5000, 5000), (3000, 7000), (20, 0)))
    result = found("disparate_impact>=0.8", uneven)
    assert list(result.table["verdict"]) == ["fail", "insufficient_evidence"]
    assert result.table["group_a"][0] == "B"
    assert result.verdict is FAIL
    # With a smaller min_count its interval speaks.
    assert len(found("disparate_impact>=0.8; min_count=20", uneven).judgements) == 1


def test_min_count_is_of_the_rows_a_rate_is_taken_over() -> None:
    of_two = Counts((SEX,), [[[500, 100], [200, 400]], [[600, 20], [10, 15]], [[0, 0]] * 2])
    result = found("equality_of_opportunity_difference<=0.1", of_two)
    (each,) = result.judgements
    assert (each.group_a, each.n) == ("Female", 25)
    assert each.reason == "true_positive_rate has 25 rows, fewer than min_count=30"


def test_nobody_selected_in_one_group_fails_and_in_any_is_undefined() -> None:
    one = Counts((SEX,), [[[500, 100], [200, 400]], [[600, 0], [100, 0]], [[0, 0]] * 2])
    (each,) = (result := found("disparate_impact>=0.8", one)).judgements
    assert (each.group_a, each.group_b, each.value) == ("Female", "Male", 0)
    assert result.verdict is FAIL
    nobody = Counts((SEX,), [[[500, 0], [200, 0]], [[600, 0], [100, 0]], [[0, 0]] * 2])
    result = found("disparate_impact>=0.8; statistical_parity<=0.1", nobody)
    assert list(result.table["verdict"]) == ["insufficient_evidence", "pass"]
    assert result.judgements[0].reason.endswith("is predicted 1")


def test_an_undefined_pair_keeps_a_term_from_passing() -> None:
    """Cohen's d has no spread to divide by where one group is all 0 and the other all 1."""
    groups = Counts((column("A", "B", "C"),), table((0, 500), (500, 0), (250, 250)))
    verdicts = found("cohen_d<=100", groups).table[["group_a", "group_b", "verdict"]]
    assert verdicts.to_numpy().tolist()[0] == ["A", "B", "insufficient_evidence"]


def test_groups_beyond_those_compared_are_listed() -> None:
    values = [f"v{i:02}" for i in range(MOST_COMPARED + 2)]
    sizes = [(300, 300)] * MOST_COMPARED + [(200, 200)] * 2
    result = found("statistical_parity<=0.4", Counts((column(*values),), table(*sizes)))
    listed = result.table[result.table["reason"] != ""]
    assert list(listed["group_a"]) == values[-2:]
    assert result.verdict is INSUFFICIENT


def test_scores_that_were_not_audited_are_refused(counts: Counts) -> None:
    with pytest.raises(RequestError, match="roc_auc>=0\\.8 is about scores"):
        found("roc_auc>=0.8", counts)


@settings(max_examples=15, deadline=None)
@given(tables(3, 4, 2, 2, largest=60), st.integers(1, 40))
def test_every_group_is_judged_or_listed(table: Any, min_count: int) -> None:
    text = f"disparate_impact>=0.8; accuracy>=0.5 @ sex:race; recall>=0.9; min_count={min_count}"
    counts = Counts(COLUMNS, table)
    result = found(text, counts)
    for each in result.judgements:
        assert (each.verdict is INSUFFICIENT) or not math.isnan(each.value)
        assert math.isnan(each.value) == bool(each.reason)
        assert np.isnan(each.value) or each.ci_low <= each.value <= each.ci_high
    listed = {each.group_a for each in result.judgements if each.term.protected == "sex:race"}
    sex, race = (column.labels[:-1] for column in COLUMNS)
    assert listed == {f"{a}:{b}" for a in sex for b in race}
    assert result.verdict is overall(each.verdict for each in result.judgements)


DECLARED = " @ race [privileged vs unprivileged]"


def test_a_term_about_the_declared_pair_ignores_the_pairs_within_a_group(
    counts: Counts, audited: Audit
) -> None:
    """It judges the logged metric, White against not White; without the words, the worst pair."""
    text = "statistical_parity<=0.1 @ race"
    (pair,) = decide(parse_gate(text + " [privileged vs unprivileged]"), counts, audited).judgements
    (worst,) = decide(parse_gate(text), counts, audited).judgements
    logged = audited.metrics("race")
    ends = ("", "_ci_low", "_ci_high")
    assert (pair.value, pair.ci_low, pair.ci_high) == tuple(
        logged[f"statistical_parity{end}"] for end in ends
    )
    assert (pair.group_a, pair.group_b) == ("White", "not White")
    assert (worst.group_a, worst.group_b) != (pair.group_a, pair.group_b)
    assert pair.n == counts.grouped(group_a_and_b(COLUMNS, "race")).sum(axis=(1, 2)).min()


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "brier_score", "selection_rate"])
def test_a_performance_term_about_the_declared_pair_judges_both_groups(
    people: People, counts: Counts, audited: Audit, metric: str
) -> None:
    sign = "<=" if metric == "brier_score" else ">="
    result = decide(parse_gate(f"{metric}{sign}0.2{DECLARED}"), counts, audited)
    assert [each.group_a for each in result.judgements] == ["White", "not White"]
    for each, rows in zip(result.judgements, (people.race == 0, people.race > 0), strict=True):
        some = people.take(rows)
        by_hand = {
            "accuracy": np.mean(some.y_true == some.y_pred),
            "selection_rate": np.mean(some.y_pred),
            "brier_score": np.mean((some.probability - some.y_true) ** 2),
            "roc_auc": roc_auc_score(some.y_true, some.probability),
        }
        assert each.value == pytest.approx(by_hand[metric])
        assert each.ci_low < each.value < each.ci_high


def test_a_crossing_compares_group_a_of_both_with_group_b_of_both(
    counts: Counts, audited: Audit
) -> None:
    text = "disparate_impact>=0.8 @ sex:race [privileged vs unprivileged]"
    (only,) = decide(parse_gate(text), counts, audited).judgements
    assert (only.group_a, only.group_b) == ("Male:White", "Female:not White")
    assert only.value == audited.metrics("sex")["disparate_impact/sex:race"]


@pytest.mark.parametrize(
    ("groups", "verdict"),
    [
        (((500, 500), (0, 300), (0, 300)), FAIL),  # nobody of group_b is selected: x / 0
        (((0, 1000), (200, 100), (200, 100)), FAIL),
        (((0, 1000), (0, 300), (0, 300)), INSUFFICIENT),  # nobody at all
        (((500, 500), (160, 160), (140, 140)), PASS),
        (((500, 500), (10, 10), (0, 1)), INSUFFICIENT),  # too few rows
    ],
)
def test_a_declared_pair_without_selected_rows(
    groups: tuple[tuple[int, int], ...], verdict: Verdict
) -> None:
    counts = Counts((column("a", "b", "c"),), table(*groups))
    result = found("disparate_impact>=0.8 [privileged vs unprivileged]", counts)
    assert result.verdict is verdict
    for each in result.judgements:
        assert bool(each.reason) == math.isnan(each.value)
        assert math.isnan(each.value) or each.ci_low <= each.value <= each.ci_high


def test_the_effective_number_of_weighted_rows_is_compared_with_min_count() -> None:
    """A group of 60 rows, of which one has most of the weight, is as uncertain as a few rows."""
    group = column("a", "b")
    codes = np.repeat([0, 1], [400, 60])
    y_pred = np.arange(460) % 2
    even, heavy = np.ones(460), np.where(np.arange(460) == 459, 100.0, 1.0)
    results = [
        decide(
            parse_gate("statistical_parity<=0.9; accuracy>=0.1 @ group"), counted, audit(counted)
        )
        for counted in (
            WeightedCounts.from_arrays([group], [codes], y_pred, y_pred, weight)
            for weight in (even, heavy)
        )
    ]
    assert [result.verdict for result in results] == [PASS, INSUFFICIENT]
    assert "effective_n" in results[0].table
    of_even, of_heavy = (result.judgements for result in results)
    assert [each.rows for each in of_even] == [
        "effective 60.0 of 60",
        "effective 400.0 of 400",
        "effective 60.0 of 60",
    ]
    small = [each for each in of_heavy if each.reason]
    effective = 159**2 / (59 + 100**2)
    assert [each.group_a for each in small] == ["b", "b"]
    for each, rate in zip(small, ("selection_rate", "accuracy"), strict=True):
        assert each.effective_n == pytest.approx(effective)
        assert (
            each.reason
            == f"{rate} has effective {effective:.1f} of 60 weighted rows, fewer than min_count=30"
        )


def test_a_group_whose_weight_a_few_rows_carry_is_not_judged() -> None:
    """Three rows carry half of the weight of group c, which has enough effective rows."""
    group = column("a", "b", "c")
    codes = np.repeat([0, 1, 2], 200)
    y_pred = np.arange(600) % 2
    weight = np.where((np.arange(600) >= 400) & (np.arange(600) < 403), 66.0, 1.0)
    counted = WeightedCounts.from_arrays([group], [codes], y_pred, y_pred, weight)
    gate = parse_gate("statistical_parity<=0.9; accuracy>=0.1 @ group; min_count=5")
    result = decide(gate, counted, audit(counted))
    assert result.verdict is INSUFFICIENT
    assert [(each.group_a, str(each.verdict)) for each in result.judgements][1:] == [
        ("c", "insufficient_evidence"),
        ("a", "pass"),
        ("b", "pass"),
        ("c", "insufficient_evidence"),
    ]
    assert result.judgements[0].verdict is PASS  # a against b
    assert result.judgements[1].reason == (
        "selection_rate of c has no interval, because a few rows carry too much of the weight: "
        "the heaviest about 17% each"
    )


def test_equal_weights_give_the_verdicts_of_counts(people: People, counts: Counts) -> None:
    gate = "disparate_impact>=0.8; accuracy>=0.7 @ race; cohen_d<=0.5"
    even = np.full(len(people.sex), 2.5)
    weighted = WeightedCounts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred, even)
    ours, theirs = (decide(parse_gate(gate), c, audit(c)).judgements for c in (weighted, counts))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.term == other.term
        assert mine.effective_n == pytest.approx(mine.n)
        if mine.term.metric.name == "cohen_d":
            # It needs a number of rows, which weights do not give.
            assert mine.verdict is INSUFFICIENT
            assert mine.reason == NOT_WEIGHTED
        else:
            assert (mine.subject, mine.n) == (other.subject, other.n)
            assert mine.verdict is other.verdict
            assert mine.value == pytest.approx(other.value)
    assert "effective_n" not in decide(parse_gate(gate), counts, audit(counts)).table


def test_a_hidden_worst_pair_is_not_named() -> None:
    values = ("A", "B", "C")
    race = ProtectedColumn("race", values, values[:1], values[1:])
    of_values = [[[40, 60], [0, 0]], [[50, 50], [0, 0]], [[3, 0], [0, 0]]]
    counts = Counts((race,), [*of_values, [[0, 0], [0, 0]]])
    result = found("statistical_parity<=0.1; min_count=1", counts)
    (judged,) = result.judgements
    assert {judged.group_a, judged.group_b} == {"A", "C"}
    (shown,) = result.shown(hidden_groups(counts)).judgements
    assert (shown.group_a, shown.group_b, shown.rows) == ("(hidden)", "(hidden)", "hidden")
    assert shown.verdict is judged.verdict
    assert is_hidden_reason(shown.reason)
