"""Hints of models small enough to know the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fairrun.inference import (
    Categorical,
    Changeable,
    Encoder,
    GroupLookup,
    GroupThresholds,
    InferenceModel,
    InputError,
    LabelMixing,
    LinearScorer,
    MemberVote,
    MixtureScorer,
    Numeric,
    RowDraws,
    load_model,
    save_model,
)
from fairrun.inference.pyfunc import ARTIFACT_NAME, FairModel, InputException

#: score = hours / 10 − 4 + (1 for b, 2 for c, −1 for a).
MODEL = InferenceModel(
    Encoder((Numeric("hours", 0.0, 10.0, 41.0), Categorical("job", ("a", "b", "c"), "b"))),
    LinearScorer(np.array([1.0, -1.0, 1.0, 2.0]), -4.0),
    changeable=(Changeable("hours", 10.0, 70.0, whole=True), Changeable("job")),
)
ROWS = pd.DataFrame({"hours": [38.0, 38.0, 100.0, 60.0], "job": ["a", "b", "new", "a"]})


def test_the_smallest_changes_come_first() -> None:
    assert MODEL.counterfactuals(ROWS) == [
        [
            {"column": "hours", "to": 51.0, "change": 13.0, "decision_probability": 1.0},
            # Of one size; b moves the score less than c.
            {"column": "job", "to": "b", "change": None, "decision_probability": 1.0},
            {"column": "job", "to": "c", "change": None, "decision_probability": 1.0},
        ],
        [
            {"column": "hours", "to": 30.0, "change": -8.0, "decision_probability": 0.0},
            {"column": "job", "to": "a", "change": None, "decision_probability": 0.0},
        ],
        # From beyond the range into it; no category is enough.
        [{"column": "hours", "to": 40.0, "change": -60.0, "decision_probability": 0.0}],
        [{"column": "hours", "to": 50.0, "change": -10.0, "decision_probability": 0.0}],
    ]


def test_only_what_is_changeable_changes() -> None:
    model = replace(MODEL, changeable=MODEL.changeable[1:])
    assert [len(hints) for hints in model.counterfactuals(ROWS)] == [2, 1, 0, 0]
    narrow = replace(MODEL, changeable=(Changeable("hours", 36.0, 45.0, whole=True),))
    hints = narrow.counterfactuals(ROWS)
    assert [[hint["to"] for hint in own] for own in hints] == [[], [], [40.0], [45.0]]
    none = replace(MODEL, changeable=())
    with pytest.raises(InputError, match="the model has no changeable columns; name some under"):
        none.counterfactuals(ROWS)
    with pytest.raises(InputError, match="the model has no changeable columns"):
        none.answer(ROWS, counterfactuals=True)


def test_mlflow_is_told_in_one_line_that_there_are_none(tmp_path: Path) -> None:
    save_model(replace(MODEL, changeable=()), tmp_path)
    served = FairModel()
    served.load_context(SimpleNamespace(artifacts={ARTIFACT_NAME: tmp_path}))  # type: ignore[arg-type]
    with pytest.raises(InputException) as raised:
        served.predict(None, ROWS, {"counterfactuals": True})  # type: ignore[arg-type]
    assert raised.value.message.startswith("the model has no changeable columns; name some under")
    assert raised.value.get_http_status_code() == 400
    assert [*served.predict(None, ROWS)] == [*MODEL.predict(ROWS)]  # type: ignore[arg-type]


def test_rows_are_read_as_they_are_answered() -> None:
    with pytest.raises(InputError, match="column 'hours': null in row 1"):
        MODEL.counterfactuals(ROWS.assign(hours=[38.0, None, 38.0, 38.0]))
    imputing = replace(MODEL, encoder=replace(MODEL.encoder, impute=True))
    nulls = pd.DataFrame({"hours": [None], "job": pd.Series([None], dtype=object)})
    as_filled = pd.DataFrame({"hours": [41.0], "job": ["b"]})
    assert imputing.counterfactuals(nulls) == MODEL.counterfactuals(as_filled)
    assert MODEL.counterfactuals(ROWS.head(0)) == []


def test_each_group_has_its_own_threshold() -> None:
    model = replace(
        MODEL,
        groups=GroupLookup("sex", ("M",), ("F",)),
        decision=GroupThresholds(np.array([1.05, -1.05, 0.05])),
    )
    rows = pd.DataFrame({"hours": 38.0, "job": "b", "sex": ["M", "F", None]})
    firsts = [hints[0] for hints in model.counterfactuals(rows)]
    assert [hint["to"] for hint in firsts] == [41.0, 19.0, 30.0]
    assert "sex" not in str(firsts)


def test_a_drawn_label_turns_where_the_other_is_likelier() -> None:
    """A change that turns no more than the draw is no hint, though it would turn the label."""
    model = replace(
        MODEL,
        groups=GroupLookup("sex", ("M",), ("F",)),
        decision=LabelMixing(np.array([[0.1, 0.8], [0.1, 0.4], [0.1, 0.5]]), np.zeros(3)),
        draws=RowDraws(0, "label_mixing"),
    )
    rows = pd.DataFrame({"hours": 45.0, "job": "a", "sex": ["M", "F", None]})
    hints = model.counterfactuals(rows)
    assert hints[0][0] == {
        "column": "hours",
        "to": 51.0,
        "change": 6.0,
        "decision_probability": 0.8,
    }
    # In group_b a label of 1 is never the likelier one, and one half is no majority.
    assert hints[1:] == [[], []]
    drawn = model.predict(rows.iloc[[1] * 40].assign(hours=np.arange(20.0, 60.0)))["prediction"]
    assert 0 < drawn.sum() < 40


def test_a_vote_turns_where_the_majority_does() -> None:
    members = tuple(LinearScorer(np.array([1.0, 0, 0, 0]), -at) for at in (2.05, 4.45, 5.05))
    model = replace(
        MODEL,
        scorer=MixtureScorer(members, np.array([0.4, 0.3, 0.3])),
        decision=MemberVote(),
        draws=RowDraws(0, "member_vote"),
    )
    rows = pd.DataFrame({"hours": [30.0, 65.0], "job": "a"})
    assert model.counterfactuals(rows) == [
        [{"column": "hours", "to": 45.0, "change": 15.0, "decision_probability": 0.7}],
        [{"column": "hours", "to": 44.0, "change": -21.0, "decision_probability": 0.4}],
    ]


def test_many_rows_are_sought_in_parts() -> None:
    many = ROWS.iloc[np.arange(1000) % 4]
    hints = MODEL.counterfactuals(many)
    assert hints == MODEL.counterfactuals(ROWS) * 250


def test_what_is_changeable_is_saved(tmp_path: Path) -> None:
    save_model(MODEL, tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.changeable == MODEL.changeable
    assert loaded.counterfactuals(ROWS) == MODEL.counterfactuals(ROWS)
