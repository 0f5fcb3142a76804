"""Conditional parity, checked on tables that can be computed by hand and with loops over rows."""

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, hidden_groups
from fairrun.metrics.conditional import conditional_parity, measure_conditional
from fairrun.metrics.conditional_shown import show_conditional

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
#: A made-up university: department, sex, applicants, admitted. Women apply where few get in, and
#: are admitted more often in each department.
UNIVERSITY = [
    ("x", 0, 800, 496),
    ("x", 1, 100, 82),
    ("y", 0, 560, 353),
    ("y", 1, 25, 17),
    ("z", 0, 190, 11),
    ("z", 1, 700, 75),
]


def university():
    rows = [
        (place, sex, int(i < admitted)) for place, sex, n, admitted in UNIVERSITY for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["department", "sex", "admitted"])


def measured(frame, given=("department",), label=None, **more):
    return measure_conditional(
        frame, given, [SEX], [frame["sex"].to_numpy()], label, frame["admitted"], **more
    )


def value_of(found, metric="statistical_parity", estimate="mantel_haenszel", column="value"):
    rows = found.pooled[(found.pooled["metric"] == metric) & (found.pooled["estimate"] == estimate)]
    return rows[column].item()


def random_rows(seed=0, n=900, n_departments=4):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "department": rng.choice(list("pqrstuvw")[:n_departments], n),
            "sex": rng.integers(0, 2, n),
        }
    )
    rate = 0.25 + 0.15 * (frame["department"] == "p") + 0.1 * frame["sex"]
    frame["admitted"] = (rng.random(n) < rate).astype(int)
    frame["label"] = rng.integers(0, 2, n)
    return frame


def test_a_reversal_is_said_with_both_intervals():
    found = measured(university())
    assert value_of(found, estimate="marginal") > 0.2
    assert value_of(found, column="ci_high") < 0
    (sentence,) = found.reversals
    assert "sex, statistical parity of Male against Female: +0.3" in sentence
    assert "Simpson's paradox" in sentence
    assert not found.not_within_strata
    assert found.findings == found.reversals
    # Conditional demographic disparity turns its sign as well.
    cdd = [
        value_of(found, "conditional_demographic_disparity", each)
        for each in ("marginal", "standardised")
    ]
    assert cdd[0] > 0 > cdd[1]


def test_a_difference_that_departments_explain_is_no_reversal():
    frame = university()
    same = {"x": 0.6, "y": 0.6, "z": 0.1}
    rank = frame.groupby(["department", "sex"]).cumcount()
    size = frame.groupby(["department", "sex"])["sex"].transform("size")
    frame["admitted"] = (rank < size * frame["department"].map(same)).astype(int)
    found = measured(frame)
    assert not found.reversals
    (sentence,) = found.not_within_strata
    assert found.findings == (sentence,)
    assert "which shows no difference" in sentence


def test_a_difference_in_all_strata_is_a_finding_without_a_warning():
    found = measured(random_rows(n=4000))
    assert not found.reversals
    assert not found.not_within_strata
    (sentence,) = found.findings
    assert sentence.endswith("among rows with the same department")


def test_estimates_are_those_of_a_loop_over_strata():
    frame = random_rows()
    found = measured(frame, label=frame["label"])
    for metric, condition in (
        ("statistical_parity", frame["label"] >= 0),
        ("equality_of_opportunity_difference", frame["label"] == 1),
        ("false_positive_rate_difference", frame["label"] == 0),
    ):
        weights, sizes, differences = [], [], []
        for _, rows in frame[condition].groupby("department"):
            a, b = (rows.loc[rows["sex"] == sex, "admitted"] for sex in (0, 1))
            weights.append(len(a) * len(b) / len(rows))
            sizes.append(len(rows))
            differences.append(a.mean() - b.mean())
        assert value_of(found, metric) == pytest.approx(np.average(differences, weights=weights))
        standardised = np.average(differences, weights=sizes)
        assert value_of(found, metric, "standardised") == pytest.approx(standardised)
        of_metric = found.strata[found.strata["metric"] == metric]
        assert np.allclose(of_metric["value"], differences)
        assert np.allclose(of_metric["weight"], np.array(weights) / sum(weights))
    assert value_of(found, "average_odds_difference", column="n_a") == (frame["sex"] == 0).sum()
    parts = [
        value_of(found, name)
        for name in ("equality_of_opportunity_difference", "false_positive_rate_difference")
    ]
    assert value_of(found, "average_odds_difference") == pytest.approx(np.mean(parts))


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("conditional_demographic_disparity", "admitted"),
        ("conditional_demographic_disparity_of_labels", "label"),
    ],
)
def test_demographic_disparity_is_that_of_its_formula(name, outcome):
    frame = random_rows(seed=3)
    total = 0.0
    for _, rows in frame.groupby("department"):
        rejected, accepted = (rows[rows[outcome] == y] for y in (0, 1))
        total += len(rows) * ((rejected["sex"] == 1).mean() - (accepted["sex"] == 1).mean())
    found = measured(frame, label=frame["label"])
    assert value_of(found, name, "standardised") == pytest.approx(total / len(frame))


def test_a_stratum_with_one_outcome_has_no_disparity_and_is_counted():
    frame = university()
    frame.loc[frame["department"] == "z", "admitted"] = 0
    found = measured(frame)
    row = ("conditional_demographic_disparity", "standardised")
    assert value_of(found, *row, "n_strata") == 2
    frame["admitted"] = 0
    nobody = measured(frame)
    assert np.isnan(value_of(nobody, *row))
    assert value_of(nobody, *row, "reason") == "no stratum has rows with both outcomes"
    assert value_of(nobody) == 0
    assert (
        value_of(nobody, "disparate_impact", column="reason") == "no row of Female is predicted 1"
    )


def test_counts_merge_and_give_the_same_bits():
    frame = random_rows()
    whole = measured(frame, label=frame["label"])
    halves = [measured(rows, label=rows["label"]) for rows in (frame[:400], frame[400:])]
    merged = conditional_parity(halves[0].counts + halves[1].counts, ["department"])
    pd.testing.assert_frame_equal(merged.pooled, whole.pooled, check_exact=True)
    assert Counts.from_dict(merged.counts.to_dict()) == whole.counts


def test_equal_weights_and_clusters_of_one_row_keep_the_values():
    frame = random_rows()
    plain = measured(frame, label=frame["label"])
    weighted = measured(frame, label=frame["label"], weight=np.full(len(frame), 2.0))
    alone = measured(frame, label=frame["label"], cluster=np.arange(len(frame)))
    for other in (weighted, alone):
        assert np.allclose(plain.pooled["value"], other.pooled["value"])
    # A cluster bootstrap of single rows is a row bootstrap.
    wide = plain.pooled["estimate"] == "mantel_haenszel"
    width = [(each.pooled["ci_high"] - each.pooled["ci_low"])[wide] for each in (plain, alone)]
    assert np.allclose(width[0], width[1], rtol=0.25)


def test_doubled_rows_in_clusters_have_the_intervals_of_single_rows():
    frame = random_rows()
    once = measured(frame, cluster=np.arange(len(frame)))
    twice = measured(pd.concat([frame] * 2, ignore_index=True), cluster=np.tile(np.arange(900), 2))
    for name in ("value", "ci_low", "ci_high"):
        assert np.allclose(once.pooled[name], twice.pooled[name], atol=0.01)


def test_a_small_stratum_with_uneven_weights_does_not_take_the_interval_of_all():
    n = 400
    frame = pd.DataFrame({"stratum": np.repeat(["x", "y", "tiny"], [n, n, 12])})
    rows = np.arange(len(frame))
    tiny = (frame["stratum"] == "tiny").to_numpy()
    weight = np.where(tiny & (rows % 6 == 0), 4.0, 1.0)
    arrays = (["stratum"], [SEX], [rows % 2], None, (rows % 5 < 2).astype(int))
    plain, uneven, heavy = (
        measure_conditional(frame, *arrays, weight=each).pooled
        for each in (np.ones(len(frame)), weight, np.where(tiny, 30 * weight, weight))
    )
    is_pooled = plain["estimate"] != "marginal"
    assert uneven.loc[is_pooled, ["ci_low", "ci_high"]].notna().all(axis=None)
    wider = (uneven["ci_high"] - uneven["ci_low"]) / (plain["ci_high"] - plain["ci_low"])
    assert wider[is_pooled].between(0.99, 1.25).all()
    # With more than a tenth of the weight, the stratum decides, and nothing is known of it.
    assert heavy.loc[is_pooled, "ci_low"].isna().all()
    assert heavy.loc[is_pooled, "reason"].str.contains("no interval").all()


def test_few_clusters_and_uneven_weights_have_values_and_a_reason():
    frame = random_rows()
    few = measured(frame, cluster=np.arange(len(frame)) % 5)
    assert "clusters" in value_of(few, column="reason")
    weight = np.ones(len(frame))
    weight[:2] = 400.0
    uneven = measured(frame, weight=weight)
    assert "has no interval" in value_of(uneven, column="reason")
    for found in (few, uneven):
        assert np.isfinite(value_of(found))
        assert np.isnan(value_of(found, column="ci_low"))


def test_rows_and_strata_that_tell_nothing_are_counted_and_said():
    frame = university()
    alone = pd.DataFrame({"department": ["w"] * 9, "sex": 1, "admitted": 1})
    lost = pd.DataFrame({"department": [None] * 7, "sex": 0, "admitted": 1})
    found = measured(pd.concat([frame, alone, lost], ignore_index=True))
    assert found.notes == (
        "sex: 7 rows of the two groups have no value of department, or a number in no bin; they "
        "are in no stratum",
        "sex: 1 of 4 strata have rows of one group only (9 rows), so that they say nothing about "
        "a difference",
    )
    assert value_of(found) == value_of(measured(frame))
    assert value_of(found, column="share_compared") == pytest.approx(2375 / 2384)
    row = found.strata[found.strata["stratum"] == "w"].iloc[0]
    assert row["reason"] == "no row of Male"
    assert row["weight"] == 0


def test_one_row_a_stratum_has_no_pooled_value_but_a_reason():
    frame = pd.DataFrame({"department": list("abcdef"), "sex": [0, 1] * 3, "admitted": [1, 0] * 3})
    found = measured(frame)
    assert np.isnan(value_of(found))
    assert value_of(found, column="reason").startswith("no stratum has rows of both groups")


def test_too_many_cells_for_replicates_of_clusters_are_refused():
    n = 4000
    frame = pd.DataFrame({"department": [f"{i % 180:03}" for i in range(n)], "sex": 0})
    frame = frame.assign(site=np.arange(n) // 180 % 10, admitted=np.arange(n) % 2)
    frame["sex"] = np.arange(n) // 2 % 2
    assert len(measured(frame, ["department", "site"]).strata)
    with pytest.raises(RequestError, match="for rows in clusters; give fewer columns"):
        measured(frame, ["department", "site"], cluster=np.arange(n))


def test_a_protected_column_cannot_be_a_factor():
    frame = university().assign(sex=lambda rows: rows["sex"].map({0: "Male", 1: "Female"}))
    with pytest.raises(RequestError, match="given=sex is a protected column"):
        measure_conditional(frame, ["sex"], [SEX], [SEX.positions(frame)], None, frame["admitted"])


def test_a_small_stratum_takes_another_one_with_it():
    frame = university()
    few = pd.DataFrame({"department": ["w"] * 12, "sex": [1] * 3 + [0] * 9, "admitted": [1, 0] * 6})
    found = measured(pd.concat([frame, few], ignore_index=True))
    hidden = hidden_groups(found.counts.marginal("sex"))
    shown = show_conditional(found, hidden)
    assert set(shown.strata["stratum"]) == {"x", "z"}  # y is the next one in size
    assert np.array_equal(shown.pooled["value"], found.pooled["value"])
    assert shown.pooled["n_a"].tolist() == found.pooled["n_a"].tolist()
    assert "2 strata not shown" in shown.notes[-1]
    assert "w" not in " ".join(shown.notes[-1].split(": ")[0])
    # One stratum beside the small one: nothing could be shown without giving it away.
    two = measured(pd.concat([frame[frame["department"] == "x"], few], ignore_index=True))
    shown = show_conditional(two, hidden)
    assert shown.strata.empty
    assert show_conditional(two, hidden_groups(found.counts.marginal("sex"), 1)) is two


def test_pooled_numbers_of_one_small_stratum_are_hidden():
    frame = pd.DataFrame(
        {
            "department": ["x"] * 40 + ["y"] * 40 + ["z"] * 12,
            "sex": [0] * 40 + [1] * 40 + [0] * 9 + [1] * 3,
            "admitted": [0, 1] * 46,
        }
    )
    found = measured(frame)
    shown = show_conditional(found, hidden_groups(found.counts.marginal("sex")))
    assert np.isnan(value_of(shown))
    assert value_of(shown, column="reason").startswith("hidden: it would give away")
    assert not shown.reversals


def test_limits_of_sparse_strata_are_refused_where_they_would_be_too_narrow():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "department": np.repeat([f"{i:02}" for i in range(60)], 2),
            "sex": np.tile([0, 1], 60),
            "admitted": rng.integers(0, 2, 120),
        }
    )
    found = measured(frame)
    assert np.isfinite(value_of(found, column="ci_low"))
    for more, estimate in (
        ({}, "standardised"),
        ({"weight": rng.random(120) + 1}, "mantel_haenszel"),
        ({"cluster": np.arange(120) // 2}, "mantel_haenszel"),
    ):
        found = measured(frame, **more)
        assert np.isfinite(value_of(found, estimate=estimate))
        assert np.isnan(value_of(found, estimate=estimate, column="ci_low"))
        assert "fewer than 5 rows" in value_of(found, estimate=estimate, column="reason")


def test_few_rows_without_a_stratum_are_not_given_away():
    frame = university()
    lost = pd.DataFrame({"department": [None] * 3, "sex": 0, "admitted": 1})
    found = measured(pd.concat([frame, lost], ignore_index=True))
    shown = show_conditional(found, hidden_groups(found.counts.marginal("sex")))
    assert np.isnan(value_of(shown, estimate="marginal"))
    assert "3 rows" not in " ".join(shown.notes)
    assert value_of(shown) == value_of(found)
    assert not shown.reversals
    # A size that differs from that of all by a few rows would tell how few they are.
    alone = pd.DataFrame({"department": ["w"] * 12 + ["v"] * 3, "sex": [1] * 12 + [0] * 3})
    found = measured(pd.concat([frame, alone.assign(admitted=1)], ignore_index=True))
    shown = show_conditional(found, hidden_groups(found.counts.marginal("sex")))
    assert pd.isna(value_of(shown, column="n_a"))
    assert pd.notna(value_of(shown, estimate="marginal", column="n_a"))
