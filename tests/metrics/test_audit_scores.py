from __future__ import annotations

import numpy as np
import pytest

from fairrun.errors import RequestError
from fairrun.metrics import (
    area_between_roc_curves,
    audit_scores,
    brier_score,
    calibration_in_the_large,
    roc_auc,
    squared_calibration_error,
)
from tests.metrics.samples import COLUMNS, SEX, difference_of_areas, draw_people


def test_every_group_has_its_metrics() -> None:
    people = draw_people(0)
    rates, compared = audit_scores(COLUMNS, people.codes, people.y_true, people.probability)
    # Of race and of the crossing, group_b is several values together.
    assert len(rates) == 4 * (1 + 2 + (3 + 1) + (6 + 1))
    found = rates.set_index(["group", "metric"])["value"]
    rows = (people.sex == 1) & (people.race == 2)
    y_true, score = people.y_true[rows], people.probability[rows]
    assert found["Female:Other", "roc_auc"] == roc_auc(y_true, score).value
    assert found["Female:Other", "brier_score"] == brier_score(y_true, score)[0]
    squared = squared_calibration_error(y_true, score)[0]
    assert found["Female:Other", "squared_calibration_error"] == squared
    in_the_large = calibration_in_the_large(y_true, score)[0]
    assert found["Female:Other", "calibration_in_the_large"] == in_the_large
    areas = compared[compared["metric"] == "roc_auc_difference"].set_index("protected")
    assert areas.index.tolist() == ["sex", "race", "sex:race"]
    expected = difference_of_areas(people.sex, people.y_true, people.probability)
    assert areas.loc["sex", "value"] == pytest.approx(expected, abs=1e-12)
    assert (areas["ci_low"] < areas["value"]).all()
    assert (areas["value"] < areas["ci_high"]).all()
    between = compared[compared["metric"] == "abroca"].set_index("protected")
    of_sex = (
        (people.y_true[r], people.probability[r], None) for r in (people.sex == 0, people.sex == 1)
    )
    limits = tuple(between.loc["sex", ["value", "ci_low", "ci_high"]])
    assert limits == area_between_roc_curves(*of_sex)
    assert (between["value"] >= areas["value"].abs()).all()


def test_nan_comes_with_a_reason() -> None:
    rates, compared = audit_scores([SEX], [[0, 0, 0]], [0, 1, 1], [0.2, 0.9, 0.4])
    reasons = rates.set_index(["group", "metric"])["reason"]
    assert (rates["value"].isna() == (rates["reason"] != "")).all()
    assert reasons["Female", "brier_score"] == "no row of Female"
    assert set(compared["reason"]) == {"no row of Female"}
    _, compared = audit_scores([SEX], [[0, 0, 1]], [0, 1, 1], [0.2, 0.9, 0.4])
    assert compared["value"].isna().all()
    assert set(compared["reason"]) == {"no row of Female has label 0"}


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(RequestError, match="give one value per row"):
        audit_scores([SEX], [[0, 1, 1]], [0, 1], np.array([0.1, 0.2]))
