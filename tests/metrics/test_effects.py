"""What a method changes, against none and against the majority label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    Counts,
    EffectKind,
    WeightedCounts,
    compare_with_none,
    effect_kinds,
    effect_sentence,
    majority_label,
    over_majority,
)

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black",))
Ints = NDArray[np.int64]


def rows(n: int = 2000, seed: int = 0) -> tuple[Ints, Ints, Ints]:
    """Group, label, and the labels of a fair model that is right in 80 % of the rows."""
    rng = np.random.default_rng(seed)
    group, label = rng.integers(0, 2, n), (rng.random(n) < 0.3).astype(np.int64)
    return group, label, np.where(rng.random(n) < 0.8, label, 1 - label)


def kind(group: Ints, label: Ints, ours: Ints, of_none: Ints, **more: Any) -> EffectKind:
    effect = compare_with_none(SEX, group, label, ours, of_none, **more)
    return effect_kinds(Counts.from_arrays([SEX], [group], label, ours), effect)[0]


def test_it_is_the_definition() -> None:
    rng = np.random.default_rng(1)
    race, label, ours, of_none = (rng.integers(0, n, 3000) for n in (3, 2, 2, 2))

    def distance(labels: Ints, places: tuple[int, ...]) -> float:
        shares = [labels[race == place].mean() for place in places]
        return float(max(shares) - min(shares))

    for all_values, places in ((True, (0, 1, 2)), (False, (0, 1))):
        found = compare_with_none(RACE, race, label, ours, of_none, all_values=all_values)
        assert found.distances == pytest.approx((distance(ours, places), distance(of_none, places)))
        difference = (ours == label).mean() - (of_none == label).mean()
        assert found.metrics["accuracy_over_none"] == pytest.approx(difference)
        assert found.metrics["labels_changed"] == (ours != of_none).mean()
        for name in ("accuracy_over_none", "distance_over_none"):
            low, high = (found.metrics[f"{name}_ci_{end}"] for end in ("low", "high"))
            assert low <= found.metrics[name] <= high


def test_the_majority_label_is_that_of_the_rows() -> None:
    _, label, ours = rows()
    counts = Counts.from_arrays([SEX], [0 * label], label, ours)
    assert majority_label(counts) == (0, 1 - label.mean())
    found = over_majority(counts)["accuracy_over_majority"]
    assert found == pytest.approx((ours == label).mean() - (1 - label.mean()))


def test_the_paired_interval_covers() -> None:
    """Of a difference between models that agree in most rows, and of the majority label."""
    rng = np.random.default_rng(2)
    n, n_simulations = 400, 300
    covered = np.zeros(2)
    for _ in range(n_simulations):
        label = (rng.random(n) < 0.1).astype(np.int64)
        of_none = np.where(rng.random(n) < 0.9, label, 1 - label)
        ours = np.where(rng.random(n) < 0.97, of_none, label)  # 0.3 % of the rows become right
        both = compare_with_none(SEX, 0 * label, label, ours, of_none).metrics
        one = over_majority(Counts.from_arrays([SEX], [0 * label], label, of_none))
        for place, (name, metrics, truth) in enumerate(
            [("accuracy_over_none", both, 0.003), ("accuracy_over_majority", one, 0.0)]
        ):
            covered[place] += metrics[f"{name}_ci_low"] <= truth <= metrics[f"{name}_ci_high"]
    assert (covered / n_simulations > 0.92).all()


def test_equal_weights_are_no_weights_and_heavy_ones_widen() -> None:
    group, label, of_none = rows()
    ours = np.where(np.random.default_rng(3).random(len(label)) < 0.9, of_none, 1 - of_none)
    plain = compare_with_none(SEX, group, label, ours, of_none)
    for weights in (np.ones(len(label)), np.full(len(label), 2.5)):
        same = compare_with_none(SEX, group, label, ours, of_none, weights)
        assert same.metrics == pytest.approx(plain.metrics, abs=1e-9)
    heavy = np.where(np.arange(len(label)) % 50 == 0, 100.0, 1.0)
    wide = compare_with_none(SEX, group, label, ours, of_none, heavy).metrics
    for name in ("accuracy_over_none", "distance_over_none"):
        widths = [m[f"{name}_ci_high"] - m[f"{name}_ci_low"] for m in (wide, plain.metrics)]
        assert widths[0] > 2 * widths[1]
    counts = WeightedCounts.from_arrays([SEX], [group], label, ours, np.full(len(label), 2.5))
    unweighted = Counts.from_arrays([SEX], [group], label, ours)
    assert over_majority(counts) == pytest.approx(over_majority(unweighted))


def test_below_majority_comes_first_and_worse_after_it() -> None:
    group, label, of_none = rows()
    unfair = np.where(group == 0, 1 - label, of_none)
    effect = compare_with_none(SEX, group, label, unfair, of_none)
    counts = Counts.from_arrays([SEX], [group], label, unfair)
    kinds = effect_kinds(counts, effect)
    assert kinds == [EffectKind.BELOW_MAJORITY, EffectKind.WORSE]
    first, second = (effect_sentence(each, "m", counts, effect) for each in kinds)
    assert first.startswith("m is less accurate than giving every row the label 0 (0.4")
    assert second.startswith("m is less accurate than none (0.4")
    assert "and further from parity in statistical_parity (0." in second


def test_worse_needs_both_estimates_and_one_interval() -> None:
    group, label, of_none = rows()
    less_accurate = np.where(np.arange(len(label)) % 20 == 0, 1 - label, of_none)
    assert kind(group, label, less_accurate, of_none) is EffectKind.CHANGED  # as fair
    unfair = np.where((group == 0) & (np.arange(len(label)) % 10 == 0), 1, of_none)
    assert kind(group, label, unfair, of_none) is EffectKind.WORSE
    assert kind(group, label, of_none, unfair) is EffectKind.CHANGED
    # One more error in group_a is worse in both, and shows nothing.
    error = of_none.copy()
    gap = of_none[group == 0].mean() - of_none[group == 1].mean()
    where = (group == (0 if gap > 0 else 1)) & (label == 0) & (of_none == 0)
    error[np.flatnonzero(where)[0]] = 1
    effect = compare_with_none(SEX, group, label, error, of_none)
    assert effect.metrics["accuracy_over_none"] < 0 < effect.metrics["distance_over_none"]
    assert kind(group, label, error, of_none) is EffectKind.SAME


def test_no_different_is_no_label_or_few_that_show_nothing() -> None:
    group, label, of_none = rows()
    assert kind(group, label, of_none, of_none) is EffectKind.SAME
    for n_changed, expected in ((4, EffectKind.SAME), (7, EffectKind.CHANGED)):
        some = of_none.copy()
        for place in (0, 1):  # As many errors are mended as made, in both groups alike.
            for right in (True, False):
                same = (group == place) & ((of_none == label) == right) & (label == 0)
                some[np.flatnonzero(same)[:n_changed]] ^= 1
        assert kind(group, label, some, of_none) is expected  # of 2,000 rows: 0.8 % and 1.4 %
    # One label of 4,000 is not 0.0 % of them.
    *known, same = (np.tile(each, 2) for each in (group, label, of_none))
    one = same.copy()
    one[0] ^= 1
    found = compare_with_none(SEX, *known, one, same)
    counts = Counts.from_arrays([SEX], known[:1], known[1], one)
    assert "it changes under 0.1% of the" in effect_sentence(EffectKind.SAME, "x", counts, found)
    # Few changes that an interval shows: all of them are errors.
    wrong = of_none.copy()
    wrong[np.flatnonzero(of_none == label)[:18]] ^= 1
    assert kind(group, label, wrong, of_none) is not EffectKind.SAME


def test_a_constraint_of_several_metrics_has_the_largest_distance() -> None:
    group, label, of_none = rows()
    names = ("equality_of_opportunity_difference", "false_positive_rate_difference")
    apart = [
        compare_with_none(SEX, group, label, of_none, label, metrics=[name]).distances[0]
        for name in names
    ]
    both = compare_with_none(SEX, group, label, of_none, label, metrics=names)
    assert both.distances[0] == max(apart)
    assert both.compared == " and ".join(names)


def test_a_ratio_is_as_far_in_both_directions() -> None:
    group, label, of_none = rows()
    more_of_a = np.where(group == 0, label | of_none, of_none)
    found = [
        compare_with_none(SEX, each, label, more_of_a, of_none, metrics=["disparate_impact"])
        for each in (group, 1 - group)
    ]
    assert found[0].distances == pytest.approx(found[1].distances)
    assert found[0].metrics["distance_over_none"] > 0


def test_small_groups_are_not_compared() -> None:
    group, label, of_none = rows()
    group = np.where(np.arange(len(label)) < 29, 1, 0)
    found = compare_with_none(SEX, group, label, 1 - of_none, of_none)
    assert np.isnan(found.distances).all()
    assert not found.is_worse
    assert np.isfinite(found.metrics["accuracy_over_none"])


def test_none_itself_is_only_compared_with_the_majority() -> None:
    group, label, of_none = rows()
    for labels, kinds in ((of_none, []), (1 - label, [EffectKind.BELOW_MAJORITY])):
        assert effect_kinds(Counts.from_arrays([SEX], [group], label, labels), None) == kinds
