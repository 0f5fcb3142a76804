"""Partial dependence against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import partial_dependence as of_sklearn

from fairrun.explanations.marginals import training_values
from fairrun.explanations.partial_dependence import partial_dependence
from fairrun.explanations.rows import explain_rows
from fairrun.groups import Protected
from fairrun.inference import InferenceModel
from fairrun.training import FairClassifier
from tests.explanations.conftest import CASES, FRAME, LABEL, fitted
from tests.explanations.test_importance import codes


@pytest.mark.parametrize("name", ["linear", "trees", "sampled"])
def test_it_is_that_of_scikit_learn(name: str) -> None:
    some = FRAME.head(32)
    classifier = FairClassifier(Protected("sex", "Male", "Female"), **CASES[name])
    classifier.fit(FRAME, LABEL)
    model = classifier.inference_
    rows = explain_rows(model, some, codes(some), len(some))
    table = partial_dependence(model, rows, ["age", "job"], by_group=False)
    for column in ("age", "job"):
        own = table[table["column"] == column]
        values = training_values(model)[column]
        given = np.array(values, dtype=float if column == "age" else object)
        expected = of_sklearn(
            classifier,
            some,
            [column],
            custom_values={column: given},
            response_method="predict_proba",
            method="brute",
            categorical_features=["job"],
        )["average"][0]
        assert own["value"].tolist() == [str(value) for value in values]
        assert own["n_rows"].unique().tolist() == [len(some)]
        np.testing.assert_allclose(own["probability"], expected, rtol=1e-9)


def test_by_group_the_same_rows_are_given_either_group(frame: pd.DataFrame) -> None:
    model, some = fitted("reads the group"), frame.head(32)
    rows = explain_rows(model, some, codes(some), len(some))
    table = partial_dependence(model, rows, ["job"], by_group=True)
    for value in ("Male", "Female"):
        own = table[table["group"] == f"sex = {value}"].set_index("value")["probability"]
        for job in ("clerk", "sales"):
            answers = model.predict(some.assign(sex=value, job=job))
            assert own[job] == pytest.approx(answers["probability"].mean())


def test_categories_come_with_their_share(linear: InferenceModel, frame: pd.DataFrame) -> None:
    rows = explain_rows(linear, frame, codes(frame), 40)
    table = partial_dependence(linear, rows, ["job", "gain"], by_group=False)
    shares = table[table["column"] == "job"].set_index("value")["share"]
    expected = frame["job"].value_counts(normalize=True)
    for job, share in expected.items():
        assert shares[job] == pytest.approx(share)
    assert shares.is_monotonic_decreasing
    gains = table[table["column"] == "gain"]["number"]
    assert gains.iloc[0] == 0.0  # to the bit, though it was scaled
    assert gains.is_monotonic_increasing


def test_values_are_nobodys(linear: InferenceModel, frame: pd.DataFrame) -> None:
    """Means of parts of the rows, but for a value that a whole part has."""
    values = training_values(linear)["weight"]
    assert not set(values) & set(frame["weight"])
    assert frame["weight"].min() < values[0] < values[-1] < frame["weight"].max()
