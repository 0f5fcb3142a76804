"""The answers of any model as decisions: every shape that models have, and those refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.models.answers import read_answers

_PROBABILITIES = np.array([[0.9, 0.1], [0.5, 0.5], [0.25, 0.75]])


@pytest.mark.parametrize(
    ("given", "options", "prediction", "probability"),
    [
        ([0, 1, 1], {}, [0, 1, 1], None),
        ([0, 1, 1], {"positive": "0"}, [1, 0, 0], None),
        (np.array([0.0, 1.0, 1.0], np.float32), {}, [0, 1, 1], None),
        ([False, True, True], {}, [0, 1, 1], None),
        ([False, True, True], {"positive": "False"}, [1, 0, 0], None),
        (np.array([False, True, True], object), {"positive": "yes"}, [0, 1, 1], None),
        (["no", "yes", "yes"], {"positive": "yes"}, [0, 1, 1], None),
        (["no", "yes", "yes"], {"positive": "no"}, [1, 0, 0], None),
        (np.array(["no", "yes", "yes"])[:, None], {"positive": "yes"}, [0, 1, 1], None),
        (pd.Series(["b", "a", "a"], dtype="category"), {"positive": "a"}, [0, 1, 1], None),
        (pd.Series([-1, 1, 1]), {"positive": "1"}, [0, 1, 1], None),
        (np.array([-1.0, 1.0, 1.0]), {"positive": "-1"}, [1, 0, 0], None),
        ([1, 1, 1], {}, [1, 1, 1], None),
        ([0.25, 0.5, 0.75], {}, [0, 1, 1], [0.25, 0.5, 0.75]),
        ([0.25, 0.5, 0.75], {"threshold": 0.6}, [0, 0, 1], [0.25, 0.5, 0.75]),
        ([0.25, 0.5, 0.75], {"positive": ">50K"}, [0, 1, 1], [0.25, 0.5, 0.75]),
        ([0.25, 0.5, 0.75], {"positive": "0"}, [1, 1, 0], [0.75, 0.5, 0.25]),
        (pd.DataFrame({"p": [0.25, 0.5, 0.75]}), {}, [0, 1, 1], [0.25, 0.5, 0.75]),
        (_PROBABILITIES, {"positive": "1"}, [0, 1, 1], [0.1, 0.5, 0.75]),
        (_PROBABILITIES, {"positive": "0"}, [1, 1, 0], [0.9, 0.5, 0.25]),
        (
            pd.DataFrame(_PROBABILITIES, columns=["yes", "no"]),
            *({"positive": "yes"}, [1, 1, 0], [0.9, 0.5, 0.25]),
        ),
        (
            pd.DataFrame({"prediction": [0, 1, 0], "probability": [0.1, 0.5, 0.75], "x": "x"}),
            *({}, [0, 1, 0], [0.1, 0.5, 0.75]),
        ),
        (
            pd.DataFrame({"label": ["n", "y", "y"], "p": [0.1, 0.5, 0.75], "x": "x"}),
            *({"positive": "y", "prediction": "label", "score": "p"}, [0, 1, 1], [0.1, 0.5, 0.75]),
        ),
        ({"prediction": [0, 1, 1]}, {}, [0, 1, 1], None),
        ([{"prediction": 0}, {"prediction": 1}, {"prediction": 1}], {}, [0, 1, 1], None),
    ],
)
def test_what_models_answer(
    given: Any, options: dict[str, Any], prediction: list[int], probability: list[float] | None
) -> None:
    answers = read_answers(given, 3, **options)
    assert answers.prediction.dtype == np.int64
    assert answers.prediction.tolist() == prediction
    if probability is None:
        assert answers.probability is None
    else:
        assert answers.probability is not None
        np.testing.assert_allclose(answers.probability, probability, rtol=1e-15)


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (["no", "yes", "yes"], {}, "nothing says which one is favourable; give positive="),
        (["no", "yes", "yes"], {"positive": "maybe"}, "positive=maybe is not among the answers"),
        ([-1, 1, 1], {}, "nothing says which one is favourable"),
        (["one", "two", "three"], {"positive": "one"}, "3 different values"),
        ([0, 1, 2], {}, "3 different values"),
        (np.eye(3), {}, "3 columns"),
        (_PROBABILITIES, {}, "two columns without names"),
        (_PROBABILITIES, {"positive": ">50K"}, "two columns without names"),
        (_PROBABILITIES / 2, {"positive": "1"}, "their sum is not 1"),
        ([0.5, np.nan, 0.5], {}, "no answer for 1 of 3 rows"),
        (["no", None, "yes"], {"positive": "yes"}, "no answer for 1 of 3 rows"),
        ([0, 1], {}, "answers 2 rows for 3"),
        ([0.5, 1.5, -2.5], {}, "2 of 3 scores of the model are below 0 or above 1"),
        ([0, 1, 1], {"threshold": 0.5}, "labels and no probabilities"),
        ([[1], [1, 2], [3]], {}, "neither labels nor probabilities"),
        (np.zeros((3, 2, 2)), {}, "neither labels nor probabilities"),
        (pd.DataFrame({"a": ["x"] * 3, "b": ["y"] * 3}), {}, "the columns a, b"),
        (pd.DataFrame({"a": [0, 1, 1]}), {"prediction": "b"}, "prediction=b is not a column"),
        ([0, 1, 1], {"score": "b"}, "no names of columns; leave score out"),
        (
            pd.DataFrame({"prediction": [0, 1, 1], "score": [0.9, 0.1, 0.2]}),
            *({}, "lower where its decision is favourable"),
        ),
        (pd.DataFrame({"prediction": [0, 1, 1], "score": ["a", "b", "c"]}), {}, "answers text"),
    ],
)
def test_what_is_refused(given: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said.replace("(", r"\(")):
        read_answers(given, 3, **options)


def test_the_order_of_classes_is_looked_up() -> None:
    labels = np.array(["rejected", "approved", "approved"])
    for classes in (["approved", "rejected"], ["rejected", "approved"]):
        both = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
        both = both if classes[0] == "rejected" else both[:, ::-1]
        answers = read_answers(
            labels, 3, positive="approved", classes=classes, class_probabilities=both
        )
        assert answers.prediction.tolist() == [0, 1, 1]
        assert answers.probability is not None
        assert answers.probability.tolist() == [0.1, 0.8, 0.7]


def test_labels_that_are_not_the_classes_are_refused() -> None:
    with pytest.raises(RequestError, match=r"not its classes \(a, b\)"):
        read_answers(
            ["A", "b"],
            2,
            positive="b",
            classes=["a", "b"],
            class_probabilities=np.full((2, 2), 0.5),
        )


def test_what_was_taken_for_granted_is_said() -> None:
    (note,) = read_answers([0, 1], 2, positive=">50K").notes
    assert note == "the model's class 1 is taken as >50K; if that is 0, give favourable=0"
    assert read_answers([0, 1], 2).notes == ()
    (note,) = read_answers([0.2, 0.8], 2).notes
    assert "threshold=0.5 makes the decisions" in note
    frame = pd.DataFrame({"prediction": [0, 1], "probability": [0.2, 0.8]})
    assert read_answers(frame, 2).notes == ()
    assert "not the model's own labels" in read_answers(frame, 2, threshold=0.1).notes[0]


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=20), st.booleans())
def test_swapping_the_favourable_value_swaps_the_decisions(labels: list[str], add: bool) -> None:
    labels = [*labels, "a", "b"]
    one, other = (read_answers(labels, len(labels), positive=p).prediction for p in "ab")
    assert (one + other == 1).all()
    assert one.tolist() == [label == "a" for label in labels]
