"""A fitted rule asks for no group and no random number that it does not need."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun import FairClassifier, Protected
from fairrun.inference import Decision, GroupThresholds, LabelMixing, Threshold
from fairrun.training.mitigation.simplest import simplest_rule

SCORES = np.array([-2.0, -0.5, 0.5, 3.0])
KEEP, ALL, NONE = (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)


def mixing(*rates: tuple[float, float], at: tuple[float, ...] = (0.0, 0.0, 0.0)) -> LabelMixing:
    return LabelMixing(np.array(rates), np.array(at))


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (mixing(ALL, ALL, ALL, at=(1.0, 2.0, 3.0)), "threshold"),
        (mixing(NONE, NONE, NONE), "threshold"),
        (mixing(KEEP, KEEP, KEEP), "threshold"),
        (GroupThresholds(np.full(3, 0.2)), "threshold"),
        (mixing(KEEP, KEEP, KEEP, at=(0.0, 1.0, 0.0)), "group_thresholds"),
        (mixing(NONE, KEEP, ALL), "group_thresholds"),
        (GroupThresholds(np.array([0.2, 0.2, 0.3])), "group_thresholds"),
        (mixing(KEEP, (0.0, 0.9), KEEP), "label_mixing"),
        (mixing((1.0, 0.0), (1.0, 0.0), (1.0, 0.0)), "label_mixing"),
        (Threshold(1.0), "threshold"),
    ],
)
def test_same_labels_and_nothing_that_is_not_needed(rule: Decision, kind: str) -> None:
    simple = simplest_rule(rule, SCORES)
    assert simple.kind == kind
    for position in (0, 1, -1):
        positions = np.full(len(SCORES), position)
        expected = rule.decision_probability(SCORES, positions)
        assert simple.decision_probability(SCORES, positions).tolist() == expected.tolist()


@pytest.mark.parametrize("mitigator", ["equalized_odds", "lp_debiaser"])
def test_a_constant_model_does_not_need_the_group(mitigator: str) -> None:
    """The labels of A tell nothing, so the fewest errors at equal rates select everybody."""
    rng = np.random.default_rng(0)
    x, in_a = rng.normal(size=2000), rng.random(2000) < 0.5
    label = np.where(in_a, rng.random(2000) < 0.99, x + 0.5 * rng.normal(size=2000) > -1.6)
    rows = pd.DataFrame({"x": x, "g": np.where(in_a, "A", "B")})
    model = FairClassifier(Protected("g", "A"), mitigator=mitigator).fit(rows, label.astype(int))
    assert model.inference_.groups is None
    assert model.inference_.draws is None
    assert model.predict(rows[["x"]]).all()
