"""Which metrics of which groups are compared with a champion, and what comes of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.gate import NotWorse, Verdict, not_worse, parse_gate, parse_margins
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    compare_paired,
    distances_of_pairs,
    hidden_groups,
    values_of,
)
from fairrun.metrics.paired_limits import distance_of

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("W", "B", "O"), ("W",), ("B", "O"))
N = 6000
PAIRS = ((0, 1), (0, 2), (1, 2))


def rows(seed: int = 0, n: int = N) -> dict[str, np.ndarray]:
    """Rows with labels and a champion that errs in a tenth of them."""
    rng = np.random.default_rng(seed)
    sex, race = rng.integers(0, 2, n), rng.choice(3, n, p=[0.6, 0.3, 0.1])
    label = (rng.random(n) < 0.3).astype(int)
    champion = np.where(rng.random(n) < 0.1, 1 - label, label)
    return {"sex": sex, "race": race, "label": label, "champion": champion}


def compared(
    candidate: np.ndarray, of: dict[str, np.ndarray], gate: str | None, margin: str = "0.02"
) -> NotWorse:
    columns = [of["sex"], of["race"]]
    found, paired = compare_paired(
        *([SEX, RACE], columns, of["label"], candidate, of["champion"]), n_replicates=200
    )
    return not_worse(
        found, paired, None if gate is None else parse_gate(gate), parse_margins(margin)
    )


def test_accuracy_is_compared_even_without_a_gate() -> None:
    of = rows()
    found = compared(of["champion"], of, None)
    (check,) = found.checks
    assert (check.metric, check.subject, check.value) == ("accuracy", "all rows", 0)
    assert found.verdict is Verdict.PASS
    assert found.checks[0].candidate == np.mean(of["champion"] == of["label"])


def test_a_candidate_with_more_errors_is_worse_and_one_with_fewer_is_not() -> None:
    of = rows()
    rng = np.random.default_rng(1)
    wrong = np.where(rng.random(N) < 0.06, 1 - of["champion"], of["champion"])
    assert compared(wrong, of, None).verdict is Verdict.FAIL
    assert compared(of["label"], of, None).verdict is Verdict.PASS
    assert compared(wrong, of, None, "0.05").verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert compared(wrong, of, None, "0.02; accuracy=0.2").verdict is Verdict.PASS


def test_a_candidate_that_favours_a_group_is_worse_however_accurate() -> None:
    of = rows()
    unfair = np.where(of["sex"] == 1, 0, of["label"])  # no woman is selected
    gate = "statistical_parity<=0.1 @ sex"
    found = compared(unfair, of, gate)
    by_metric = {each.metric: each.verdict for each in found.checks}
    assert by_metric["statistical_parity"] is Verdict.FAIL
    assert found.verdict is Verdict.FAIL
    # Which group is favoured makes no difference.
    turned = of | {"sex": 1 - of["sex"]}
    assert compared(unfair, turned, gate).checks[1].verdict is Verdict.FAIL


def test_the_pairs_are_those_of_the_term() -> None:
    of = rows()

    def pairs(gate: str) -> list[str]:
        found = compared(of["champion"], of, gate).checks
        return [each.subject for each in found if each.metric != "accuracy"]

    every = ["race W against B", "race W against O", "race B against O"]
    assert pairs("statistical_parity<=0.1 @ race") == every
    declared = "statistical_parity<=0.1 @ race [privileged vs unprivileged]"
    assert pairs(declared) == ["race W against not W"]
    assert pairs("statistical_parity<=0.1") == ["sex Male against Female", *every]
    assert len(pairs("disparate_impact>=0.8 @ sex:race")) == 15
    # A pair is compared once, however many terms are about it.
    twice = "statistical_parity<=0.1 @ sex; statistical_parity<=0.2 @ sex"
    assert pairs(twice) == ["sex Male against Female"]


def test_rates_go_in_the_direction_of_their_term() -> None:
    of = rows()
    everybody = np.ones(N, dtype=int)
    found = compared(everybody, of, "recall>=0.5; false_positive_rate<=0.9; selection_rate<=0.9")
    by_metric = {each.metric: each for each in found.checks}
    assert by_metric["recall"].verdict is Verdict.PASS
    assert by_metric["false_positive_rate"].verdict is Verdict.FAIL
    assert by_metric["selection_rate"].verdict is Verdict.FAIL
    of_groups = compared(everybody, of, "precision>=0.5 @ race").checks
    assert [each.subject for each in of_groups[1:]] == ["race W", "race B", "race O"]


def test_what_has_no_interval_is_left_out_in_so_many_words() -> None:
    of = rows()
    found = compared(of["champion"], of, "cohen_d<=0.5; base_rate<=0.9; roc_auc>=0.5")
    assert [each.split(" is not compared")[0] for each in found.left_out] == [
        "cohen_d",
        "base_rate",
    ]
    # Areas under the ROC curve are compared if both models have scores. Here they have none.
    assert found.checks[-1].metric == "roc_auc"
    assert found.verdict is Verdict.INSUFFICIENT_EVIDENCE


def test_rows_without_labels_are_refused() -> None:
    of = rows()
    arrays = ([SEX], [of["sex"]], None, of["champion"], of["champion"])
    found, paired = compare_paired(*arrays, n_replicates=50)
    with pytest.raises(RequestError, match="the rows have no labels"):
        not_worse(found, paired, None, parse_margins("0.02"))


@settings(max_examples=5)
@given(st.integers(0, 2**16))
def test_exchanging_the_models_exchanges_the_losses(seed: int) -> None:
    of = rows(seed, 300)
    candidate = rows(seed + 1, 300)["champion"]
    gate = "statistical_parity<=0.1; accuracy>=0.5 @ sex"
    there = compared(candidate, of, gate).checks
    back = compared(of["champion"], of | {"champion": candidate}, gate).checks
    for one, other in zip(there, back, strict=True):
        assert one.value == pytest.approx(-other.value, nan_ok=True)
        assert (one.ci_low, one.ci_high) == pytest.approx(
            (-other.ci_high, -other.ci_low), nan_ok=True
        )
        # Not both of them can be worse than the other.
        assert {one.verdict, other.verdict} != {Verdict.FAIL}


def test_distances_are_those_of_the_counts() -> None:
    of = rows()
    arrays = ([SEX, RACE], [of["sex"], of["race"]], of["label"], of["label"], of["champion"])
    found, paired = compare_paired(*arrays, n_replicates=200)
    for metric in ("statistical_parity", "disparate_impact"):
        by_race, by_sex = (
            distances_of_pairs(paired, values_of([SEX, RACE], name), metric, n_replicates=200)
            for name in ("race", "sex")
        )
        counted = np.zeros((3, 2, 2))
        np.add.at(counted, (of["race"], of["label"], of["champion"]), 1)
        expected = [float(distance_of(counted[[a, b]], [metric])) for a, b in PAIRS]
        assert by_race["model_b"].to_list() == pytest.approx(expected)
        # Two values are the two declared groups, so both tables have the same row.
        same = found.distances.query("protected == 'sex' and metric == @metric")
        pd.testing.assert_frame_equal(by_sex, same.reset_index(drop=True))


def test_numbers_of_few_people_are_not_shown_and_decide_all_the_same() -> None:
    of = rows(n=400)
    of["race"] = np.where(np.arange(400) < 3, 2, of["race"] % 2)
    gate = "statistical_parity<=0.1 @ race"
    found = compared(of["label"], of, gate)
    paired = compare_paired(
        *([SEX, RACE], [of["sex"], of["race"]], of["label"], of["label"], of["champion"]),
        n_replicates=50,
    )[1]
    shown = found.shown(hidden_groups(paired.counts.model("a"), 5))
    assert [each.verdict for each in shown.checks] == [each.verdict for each in found.checks]
    hidden = [each for each in shown.checks if "O" in (each.group_a, each.group_b)]
    assert hidden
    for each in hidden:
        assert np.isnan([each.candidate, each.champion, each.value, each.ci_low]).all()
        assert each.reason.startswith("hidden")
    assert "nan" not in shown.text


def test_the_table_has_a_row_for_each_check() -> None:
    of = rows()
    found = compared(of["label"], of, "disparate_impact>=0.8 @ sex", "0.02; disparate_impact=0.3")
    table = found.table
    assert table["metric"].to_list() == ["accuracy", "disparate_impact"]
    assert table["margin"].to_list() == [0.02, 0.3]
    assert table["verdict"].to_list() == [str(each.verdict) for each in found.checks]
    assert dataclasses.asdict(found.checks[1])["unit"] == "ratio"
    assert "disparate_impact, |log| of the ratio" in table["compared"].to_list()
