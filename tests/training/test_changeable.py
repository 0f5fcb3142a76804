"""What is kept of the columns that hints may change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.groups import Protected
from fairrun.inference import Changeable
from fairrun.training import FairClassifier, fit_encoder
from fairrun.training.background import fit_background
from fairrun.training.changeable import fit_changeable
from tests.people import make_raw


def fit(frame: pd.DataFrame, *names: str) -> tuple[Changeable, ...]:
    encoder = fit_encoder(frame, impute=True)
    background = fit_background(encoder, encoder.encode(frame), np.zeros(len(frame), np.int8))
    return fit_changeable(frame, encoder, background, names)


def test_ranges_are_nobodys_values_and_within_the_true_ones() -> None:
    frame = make_raw(2000, seed=3)[["job", "age", "gain", "weight"]]
    job, age, gain, weight = fit(frame, "weight", "gain", "age", "job")
    assert job == Changeable("job")
    assert (age.whole, gain.whole, weight.whole) == (True, True, False)
    for column in (age, gain, weight):
        values, (low, high) = frame[column.name], column.bounds
        assert values.min() <= low <= values.median() < high < values.max()
        assert Changeable.from_dict(column.to_dict()) == column
    assert not {*weight.bounds} & {*frame["weight"]}
    assert gain.low == 0.0
    # Nine in ten of the rows lie in the range, of any column that is not mostly one value.
    for column in (age, weight):
        assert frame[column.name].between(*column.bounds).mean() > 0.9


def test_few_rows_and_nulls() -> None:
    frame = pd.DataFrame({"age": [20.0, 41, None, 30], "share": [0.25, 0.5, 0.125, None]})
    assert fit(frame, "age") == (Changeable("age", 30.0, 30.0, whole=True),)
    (share,) = fit(frame, "share")
    assert share.low == share.high
    assert not share.whole


def test_only_features_can_be_changed() -> None:
    frame = pd.DataFrame({"sex": list("MFMF"), "age": [1.0, 2, 3, 4], "key": list("abcd")})
    for name in ("sex", "key", "unheard of"):
        model = FairClassifier(Protected("sex", "M"), changeable=[name], row_key="key")
        said = f"changeable names '{name}', which is not a feature; the features are age"
        with pytest.raises(RequestError, match=said):
            model.fit(frame, [0, 1, 0, 1])
