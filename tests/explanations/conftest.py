"""Models that look at rows in different ways, and rows for them to look at."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from fairrun.groups import Protected, ProtectedColumn
from fairrun.inference import InferenceModel
from fairrun.training import FairClassifier
from tests.people import make_raw

ROWS = make_raw(900, seed=5)
FRAME, LABEL = ROWS.drop(columns="paid"), (ROWS["paid"] == "high").astype(int)
SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))

CASES = {
    "linear": {},
    "pools rare jobs": {"min_frequency": 50},
    "reads the group": {"mitigator": "correlation_remover"},
    # So few rows show no difference with a margin, and one threshold would serve all groups.
    "decides by group": {
        "mitigator": "group_thresholds",
        "mitigator_params": {"confidence": 0.5, "tolerance": 0.01},
    },
    "trees": {"estimator": "hist_gradient_boosting", "estimator_params": {"max_iter": 12}},
    "sampled": {"mitigator": "learning_fair_representation"},
    "drawn by vote": {"mitigator": "exponentiated_gradient", "mitigator_params": {"max_iter": 5}},
}


@cache
def fitted(name: str) -> InferenceModel:
    classifier = FairClassifier(Protected("sex", "Male", "Female"), **CASES[name])
    return classifier.fit(FRAME, LABEL).inference_


@pytest.fixture(params=list(CASES))
def model(request: pytest.FixtureRequest) -> InferenceModel:
    return fitted(request.param)


@pytest.fixture
def linear() -> InferenceModel:
    return fitted("linear")


@pytest.fixture
def frame() -> pd.DataFrame:
    return FRAME
