"""Fitting the encoder, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrun.errors import RequestError
from fairrun.inference import Encoder, InputError
from fairrun.training import example_row, fit_encoder
from tests.people import make_raw


def test_the_matrix_is_scikit_learns() -> None:
    frame = make_raw(400, seed=2)[["age", "job", "weight"]]
    matrix = fit_encoder(frame).encode(frame)
    scaled = StandardScaler().fit_transform(frame[["age", "weight"]])
    hot = OneHotEncoder(sparse_output=False).fit_transform(frame[["job"]])
    expected = np.column_stack([scaled[:, 0], hot, scaled[:, 1]])
    np.testing.assert_allclose(matrix, expected, atol=1e-12)
    assert matrix.flags.f_contiguous


def test_a_constant_column_is_zero() -> None:
    frame = pd.DataFrame({"one": [1.0, 1.0, 1.0]})
    assert fit_encoder(frame).encode(frame).tolist() == [[0.0], [0.0], [0.0]]


def test_imputed_training_rows_are_centred_and_scaled() -> None:
    frame = pd.DataFrame({"age": [1.0, None, 2.0, 9.0]})
    matrix = fit_encoder(frame, impute=True).encode(frame)
    assert matrix.mean() == pytest.approx(0)
    assert matrix.std() == pytest.approx(1)


def test_the_round_trip() -> None:
    frame = make_raw(100, seed=2)[["age", "job"]]
    encoder = fit_encoder(frame, impute=True, unseen="error")
    assert Encoder.from_dict(encoder.to_dict()) == encoder


def test_the_example_is_medians_and_modes() -> None:
    ages = [*[1.0] * 9, *[2.0] * 10, *[9.0] * 8]
    frame = pd.DataFrame({"age": ages, "job": [*"b", *"a" * 26], "tie": [*"zyx"] * 9})
    # No eight rows share a weight, so its median would be the value of one person.
    frame["weight"] = np.arange(27.0) ** 2
    assert example_row(fit_encoder(frame, min_frequency=1)).to_dict("records") == [
        {"age": 2.0, "job": "a", "tie": "x", "weight": np.mean(np.arange(9.0, 17.0) ** 2)}
    ]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([None, None], "has no value in any row; leave it out with drop=it"),
        (["a", 1.0], "'it' holds text, but not in row 1 .types float, str.; leave it out with"),
        ([1.0, np.inf], "'it' cannot be used: column 'it': infinite number in row 1"),
    ],
)
def test_what_cannot_be_encoded_is_refused(column: list, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        fit_encoder(pd.DataFrame({"it": column}))


def test_a_number_is_refused_if_a_rare_category_is_another_spelling_of_it() -> None:
    # pandas reads "01" of the training file as 1, which would get the answer of "1".
    rows = pd.DataFrame({"code": ["1"] * 5 + ["2"] * 5 + ["01"]})
    encoder = Encoder.from_dict(fit_encoder(rows).to_dict())
    assert encoder.encode(pd.DataFrame({"code": ["01", "1"]})).tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(InputError, match="column 'code': not text in row 0; give text"):
        encoder.encode(pd.DataFrame({"code": [1]}))
