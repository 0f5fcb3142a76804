"""Texts that mean a null in the training file make the same rows the same in pandas."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from fairrun import FairClassifier, Protected
from fairrun.inference import InputError

_PEOPLE = pd.DataFrame(
    {"hours": [*range(20, 60)] * 5, "sex": ["Male", "Female", "Female", "Male", "Male"] * 40}
)
_PAID = np.array(_PEOPLE["hours"] > 40, dtype=int)


def test_numbers_that_pandas_read_as_text_because_of_a_null() -> None:
    texts = _PEOPLE.assign(hours=_PEOPLE["hours"].astype(str).where(_PEOPLE.index != 7, "?"))
    sex = Protected("sex", privileged="Male")
    model = FairClassifier(sex, na_values=["?"], missing="keep").fit(texts, _PAID)
    numbers = _PEOPLE.assign(hours=_PEOPLE["hours"].where(_PEOPLE.index != 7))
    expected = FairClassifier(sex, missing="keep").fit(numbers, _PAID).predict_proba(numbers)
    for rows in (texts, numbers):
        np.testing.assert_array_equal(model.predict_proba(rows), expected)
    for wrong in ("4O", "040", "31,5"):
        with pytest.raises(InputError, match="'hours': not a number in row 3"):
            model.predict(texts.assign(hours=texts["hours"].where(texts.index != 3, wrong)))


def test_a_classifier_says_how_many_rows_it_drops(caplog: pytest.LogCaptureFixture) -> None:
    rows = _PEOPLE.assign(hours=_PEOPLE["hours"].where(_PEOPLE.index % 10 > 0))
    with caplog.at_level(logging.WARNING):
        FairClassifier(Protected("sex", privileged="Male")).fit(rows, _PAID)
    assert "dropped 20 of 200 rows with a null in a feature" in caplog.text
