"""Intervals of rows in clusters: oracles, equalities, refusals and the gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.gate import check_constraint, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import GROUP_RATES, Counts, Evaluation, evaluate_predictions, values_of
from fairrun.metrics.cluster_scores import NOT_BY_CLUSTER
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.clustered import Clustered
from fairrun.metrics.intervals import draw_replicates

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("W", "B", "A"), ("W",), ("B", "A"))
KEYS = ["protected", "group_a", "group_b", "metric"]


def people(n_rows: int, seed: int = 0, *, races: bool = False) -> dict[str, Any]:
    """Return the arguments of an evaluation, by sex alone because crossings take time."""
    rng = np.random.default_rng(seed)
    sex, label = rng.integers(-1, 2, n_rows), rng.random(n_rows) < 0.4
    score = np.clip(0.35 + 0.25 * label + 0.05 * (sex == 0) + rng.normal(0, 0.15, n_rows), 0, 1)
    positions = [sex, rng.integers(0, 3, n_rows)] if races else [sex]
    arrays = {"y_true": label.astype(int), "y_pred": (score > 0.5).astype(int)}
    return {"positions": positions, "probability": score} | arrays


def evaluate(rows: dict[str, Any], **more: Any) -> Evaluation:
    columns = [SEX, RACE][: len(rows["positions"])]
    return evaluate_predictions(columns, **rows, **more)


def widths(evaluation: Evaluation) -> pd.Series:
    """Return the widths of all intervals of differences and rates."""
    compared = evaluation.audit.compared.set_index(KEYS)
    rates = evaluation.audit.rates.set_index(["protected", "group", "metric"])
    both = pd.concat([compared, rates])
    return (both["ci_high"] - both["ci_low"]).dropna()


def test_replicates_of_single_rows_are_those_of_the_row_bootstrap() -> None:
    rows = people(3000, races=True)
    rows.pop("probability")
    counts = Counts.from_arrays([SEX, RACE], **rows)
    cluster = np.random.default_rng(1).permutation(3000)
    clusters = ClusterTables.from_arrays([SEX, RACE], **rows, cluster=cluster)
    assert clusters.n_clusters == 3000
    drawn = clusters.replicates(50, seed=4)
    np.testing.assert_array_equal(drawn, draw_replicates(counts.cells, 50, seed=4))


def test_clusters_of_one_row_have_the_intervals_of_rows() -> None:
    rows = people(4000)
    plain, clustered = evaluate(rows), evaluate(rows, cluster=np.arange(4000))
    for table in ("rates", "compared", "pairs", "together", "worst"):
        one, other = getattr(plain.audit, table), getattr(clustered.audit, table)
        scores = other["reason"] == NOT_BY_CLUSTER
        np.testing.assert_array_equal(one["value"], other["value"])
        known = ~scores & one["ci_low"].notna()
        for limit in ("ci_low", "ci_high"):
            scale = (one["ci_high"] - one["ci_low"])[known]
            apart = (one[limit] - other[limit])[known].abs() / scale
            assert apart.max() < 0.12
    assert clustered.metrics["n_clusters"] == 4000


def test_repeated_rows_as_clusters_are_no_more_evidence_than_single_rows() -> None:
    rows = people(1500)
    twice = {name: _repeat(value, 3) for name, value in rows.items()}
    cluster = np.tile(np.arange(1500), 3)
    once = evaluate(rows, cluster=np.arange(1500))
    clustered, as_rows = evaluate(twice, cluster=cluster), evaluate(twice)
    names = clustered.audit.compared["metric"] != "2sd_rule"
    for limit in ("value", "ci_low", "ci_high"):
        np.testing.assert_allclose(
            clustered.audit.compared.loc[names, limit],
            once.audit.compared.loc[names, limit],
            rtol=0.01,
            atol=1e-4,
            equal_nan=True,
        )
    shared = widths(clustered).index.intersection(widths(as_rows).index)
    wider = widths(clustered)[shared] / widths(as_rows)[shared]
    assert wider.median() == pytest.approx(np.sqrt(3), rel=0.05)
    rates = clustered.audit.rates.query("protected == '' and metric == 'selection_rate'")
    assert rates["effective_n"].item() == pytest.approx(1500, rel=0.01)
    assert rates["n_rows"].item() == 4500


def _repeat(value: Any, times: int) -> Any:
    return (
        [np.tile(each, times) for each in value]
        if isinstance(value, list)
        else np.tile(value, times)
    )


def test_draws_by_kind_and_by_cluster_have_the_variance_between_clusters() -> None:
    rows = people(1200, seed=2, races=True)
    rows.pop("probability")
    rng = np.random.default_rng(3)
    cluster = rng.integers(0, 300, 1200)
    for weight in (None, rng.uniform(0.5, 2, 1200)):  # weights make every cluster a kind
        clusters = ClusterTables.from_arrays([SEX, RACE], **rows, cluster=cluster, weight=weight)
        replicates = clusters.replicates(4000, seed=0)
        tables = np.zeros((300, 1, 2, 2))
        np.add.at(
            tables,
            (np.unique(cluster, return_inverse=True)[1], 0, rows["y_true"], rows["y_pred"]),
            1.0 if weight is None else weight,
        )
        summed = replicates.sum(axis=1)
        np.testing.assert_allclose(summed.mean(axis=0), tables.sum(axis=(0, 1)), rtol=0.01)
        of_clusters = len(tables) * tables[:, 0].var(axis=0)
        np.testing.assert_allclose(summed.var(axis=0), of_clusters, rtol=0.1)
        again = clusters.replicates(4000, seed=0)
        np.testing.assert_array_equal(replicates, again)


def test_the_effective_number_of_rows_is_that_of_the_variance_between_clusters() -> None:
    """For clusters of m rows, the design effect is 1 + (m − 1) times the correlation."""
    rng = np.random.default_rng(5)
    m, n = 4, 2000
    own = np.repeat(rng.random(n) < 0.3, m)
    pred = np.where(rng.random(m * n) < np.sqrt(0.5), own, rng.random(m * n) < 0.3).astype(int)
    clusters = ClusterTables.from_arrays(
        [SEX], [np.zeros(m * n, int)], pred, pred, cluster=np.repeat(np.arange(n), m)
    )
    grouping = values_of([SEX], "sex")
    replicates = grouping.sum(clusters.replicates(10, 0))
    share = Clustered(clusters.of(grouping), replicates, 0.95).of_rates.share
    effective = share(GROUP_RATES["selection_rate"]).effective[0]
    assert m * n / effective == pytest.approx(1 + (m - 1) * 0.5, rel=0.05)


def test_rates_of_zero_and_one_have_limits_that_count_clusters() -> None:
    n, m = 60, 5
    rows = people(n * m)
    rows["y_pred"] = np.zeros(n * m, int)
    evaluation = evaluate(rows, cluster=np.repeat(np.arange(n), m))
    overall = evaluation.audit.rates.query("protected == '' and metric == 'selection_rate'").iloc[0]
    assert overall["method"] == "linearised by cluster"
    assert overall["ci_low"] == 0
    # If the rows of a cluster are alike, 300 rows say as much as 60.
    assert overall["effective_n"] == pytest.approx(60)
    assert overall["ci_high"] == pytest.approx(2.001**2 / (60 + 2.001**2), rel=1e-3)


@pytest.fixture(scope="module")
def few_households() -> Evaluation:
    """Return an evaluation in which the rows of A are in eight clusters."""
    rows = people(3000, races=True)
    cluster = np.arange(3000) // 10
    rows["positions"][1] = np.where(cluster < 8, 2, cluster % 2)
    return evaluate(rows, cluster=cluster)


def test_a_group_in_few_clusters_has_values_and_a_reason_instead_of_intervals(
    few_households: Evaluation,
) -> None:
    audited = few_households.audit
    rates = audited.rates.query("protected == 'race' and metric == 'selection_rate'")
    of_group = rates.set_index("group").loc[["W", "B", "A"]]
    assert of_group["n_clusters"].to_dict() == {"W": 146, "B": 146, "A": 8}
    assert of_group["ci_high"].isna().to_dict() == {"W": False, "B": False, "A": True}
    assert of_group.loc["A", "value"] > 0
    reason = "selection_rate of A has rows in 8 clusters; an interval needs 10"
    assert of_group.loc["A", "reason"] == reason
    pairs = audited.together.query("protected == 'race' and metric == 'statistical_parity'")
    refused = (pairs["group_a"] == "A") | (pairs["group_b"] == "A")
    assert (pairs["ci_high"].isna() == refused).all()
    assert set(pairs.loc[refused, "reason"]) == {reason}
    worst = audited.worst.query("protected == 'race' and metric == 'statistical_parity'").iloc[0]
    assert {worst["group_a"], worst["group_b"]} == {"W", "B"}
    assert worst["ci_low"] <= worst["value"] <= worst["ci_high"]


def test_a_gate_takes_clusters_for_evidence(few_households: Evaluation) -> None:
    evaluation = few_households
    terms = "statistical_parity<=0.9 @ race; roc_auc>=0.2; accuracy>=0.1 @ race; min_count=500"
    judged = decide(parse_gate(terms), evaluation.counts, evaluation.audit).table
    reasons = judged.set_index(["term", "group_a"])["reason"]
    assert "in 8 clusters; an interval needs 10" in reasons["statistical_parity<=0.9 @ race", "A"]
    assert reasons["roc_auc>=0.2", "(all)"] == NOT_BY_CLUSTER
    assert (judged["verdict"] == "insufficient_evidence").sum() == 3
    assert "pass" in set(judged["verdict"])
    of_scores = decide(parse_gate("roc_auc>=0.2"), evaluation.counts, evaluation.audit)
    (area,) = of_scores.judgements
    assert str(of_scores).endswith(f"all rows: {area.value:.3f}; {NOT_BY_CLUSTER})")
    assert "such as accuracy, have one" in NOT_BY_CLUSTER

    rows = people(900)
    twice = {name: _repeat(value, 3) for name, value in rows.items()}
    evaluation = evaluate(twice, cluster=np.tile(np.arange(900), 3))
    gate = parse_gate("accuracy>=0.1; min_count=1000")
    judged = decide(gate, evaluation.counts, evaluation.audit).table.iloc[0]
    assert judged["n"] == 2700
    assert judged["effective_n"] == pytest.approx(900, rel=0.01)
    assert "of 2,700 clustered rows, fewer than min_count=1000" in judged["reason"]


def test_what_counts_rows_as_independent_says_nothing_of_clusters() -> None:
    """A constraint is judged by clusters, and what is not has no interval."""
    rows = people(900)
    once = evaluate(rows)
    repeated = {name: _repeat(value, 5) for name, value in rows.items()}
    as_rows = evaluate(repeated)
    clustered = evaluate(repeated, cluster=np.tile(np.arange(900), 5))
    checks = [
        check_constraint("statistical_parity<=0.08", "sex", each.counts, each.audit)
        for each in (once, clustered, as_rows)
    ]
    at_once, by_cluster, by_row = (each.probability for each in checks)
    assert by_cluster == pytest.approx(at_once, abs=0.06)
    assert abs(by_row - at_once) > 0.1
    for name in ("accuracy_over_threshold", "accuracy_over_majority"):
        assert clustered.metrics[name] == pytest.approx(as_rows.metrics[name])
        for end in ("_ci_low", "_ci_high"):
            assert np.isnan(clustered.metrics[name + end])
            assert np.isfinite(as_rows.metrics[name + end])


def test_weights_and_clusters_together() -> None:
    rows, rng = people(3000), np.random.default_rng(1)
    weight = rng.choice([1.0, 4.0], 3000)
    single = evaluate(rows, weight=weight)
    clustered = evaluate(rows, weight=weight, cluster=np.arange(3000))
    np.testing.assert_allclose(
        clustered.audit.compared["value"], single.audit.compared["value"], equal_nan=True
    )
    one, other = widths(single), widths(clustered)
    shared = one.index.intersection(other.index)
    np.testing.assert_allclose(other[shared], one[shared], rtol=0.12)
    thrice = {name: _repeat(value, 3) for name, value in rows.items()}
    again = evaluate(thrice, weight=np.tile(weight, 3), cluster=np.tile(np.arange(3000), 3))
    np.testing.assert_allclose(widths(again)[shared], other[shared], rtol=0.01)
    assert {"sum_of_weights", "n_clusters"} <= set(clustered.metrics)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (np.array([1.0, np.nan, 2.0]), r"^cluster has shape \(3,\) and 1 null;"),
        (np.array(["a", None, "b"], dtype=object), r"^cluster has shape \(3,\) and 1 null;"),
        (np.array(["a", 1, "b"], dtype=object), "^cluster holds values of several types"),
        (np.array([[1], [2], [3]]), r"^cluster has shape \(3, 1\)"),
        (np.array([1, 2]), "^the shapes of the columns differ"),
    ],
)
def test_clusters_that_cannot_be_used(cluster: NDArray[Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        evaluate_predictions(
            [SEX], [[0, 1, 0]], [0, 1, 1], [0, 1, 1], [0.1, 0.9, 0.8], cluster=cluster
        )


def test_rows_of_weight_zero_and_no_rows_are_harmless() -> None:
    rows = people(200)
    weight = np.r_[np.ones(150), np.zeros(50)]
    evaluation = evaluate(rows, weight=weight, cluster=np.arange(200) // 2)
    assert evaluation.metrics["n_clusters"] == 75
    none: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    evaluation = evaluate_predictions([SEX], [none], none, none, none, cluster=none)
    assert np.isnan(evaluation.metrics["accuracy"])
