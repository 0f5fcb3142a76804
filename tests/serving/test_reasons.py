"""Notices of small models made by hand, for which the right reasons and changes are known."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fairrun.inference
from fairrun.inference import (
    Background,
    Categorical,
    Changeable,
    Decision,
    Encoder,
    GroupBlocks,
    GroupLookup,
    GroupShift,
    GroupThresholds,
    InferenceModel,
    LabelMixing,
    LinearScorer,
    MemberVote,
    MixtureScorer,
    Numeric,
    RowDraws,
    Threshold,
    describe,
    load_model,
)
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import answer
from fairrun.serving.reason_texts import ReasonTexts, texts_for
from fairrun.serving.reasons import lowering
from tests.conftest import ROOT
from tests.serving.conftest import Ask, records
from tests.serving.test_openapi import valid

_ENCODER = Encoder(
    (
        Numeric("income", mean=30.0, scale=10.0, fill=30.0),
        Numeric("debt", mean=10.0, scale=5.0, fill=10.0),
        Categorical("job", ("clerk", "cook"), "clerk", pooled=True),
    )
)
_BACKGROUND = Background(
    means=np.array([0.0, 0.0, 0.5, 0.4, 0.1]),
    slices=np.array([[-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]]),
    shares=np.array([0.6, 0.4]),
)
_CHANGEABLE = (
    Changeable("income", 0.0, 100.0, whole=True),
    Changeable("debt", 0.0, 40.0),
    Changeable("job"),
)
_SHARES = np.array([0.6, 0.4])
_SEX = GroupLookup("sex", ("Male",), ("Female", "Other"))
_THRESHOLDS = GroupThresholds(np.array([0.5, -0.5, 0.2, 0.0]))
_ROW = {"income": 25, "debt": 12.0, "job": "cook"}


def made(
    coefficients: tuple[float, ...] = (1.0, -1.0, 0.5, 0.0, 0.0),
    decision: Decision | None = None,
    **parts: Any,
) -> SavedModel:
    """A linear model; with a decision that reads the group, it has one."""
    decision = decision or Threshold()
    model = InferenceModel(
        _ENCODER,
        parts.pop("scorer", LinearScorer(np.array(coefficients), 0.0)),
        decision=decision,
        groups=_SEX if decision.reads_group or "transform" in parts else None,
        draws=RowDraws(0, "test") if decision.randomised else None,
        background=_BACKGROUND,
        changeable=parts.pop("changeable", _CHANGEABLE),
        **parts,
    )
    return SavedModel(fairrun.inference, model, describe(model))


def notices_of(
    saved: SavedModel, rows: list[dict[str, Any]], query: str = "", texts: ReasonTexts | None = None
) -> list[Any]:
    body = json.dumps(rows).encode()
    reply = answer(saved, body, f"reasons=true{query}".encode(), texts=texts)
    assert reply.status == 200, reply.body
    return list(json.loads(reply.body)["reasons"])


def notice_of(saved: SavedModel, row: dict[str, Any], query: str = "", **more: Any) -> Any:
    (notice,) = notices_of(saved, [_ROW | row], query, **more)
    return notice


def test_a_notice_in_full() -> None:
    """income: −0.5; debt: −0.4; job: 0 − 0.25. The score is −0.9: it lacks over 9 of income."""
    assert notice_of(made(), {}) == {
        "text": "A computer model compared the information about you with that of other people. "
        "Its answer is not in your favour. These points lowered your score the most, the "
        "strongest first: income (below average); debt (above average); job. One change would have "
        "been enough for a favourable answer, if everything else had stayed the same: "
        "35 instead of 25 for income; or 7.4 instead of 12 for debt. Other or smaller changes may "
        "have been enough, too. The points describe the calculation of the model, not the causes "
        "of your situation.",
        "reasons": [
            {"code": "C1", "text": "income (below average)", "column": "income"},
            {"code": "C2", "text": "debt (above average)", "column": "debt"},
            {"code": "C3", "text": "job", "column": "job"},
        ],
        "changes": [
            {"column": "income", "from": 25, "to": 35.0, "text": "35 instead of 25 for income"},
            {"column": "debt", "from": 12.0, "to": 7.4, "text": "7.4 instead of 12 for debt"},
        ],
    }


def test_only_rows_with_label_0_have_one() -> None:
    rich = _ROW | {"income": 90}
    assert [bool(each) for each in notices_of(made(), [rich, _ROW, rich])] == [False, True, False]
    assert notices_of(made(), [rich]) == [None]
    assert notices_of(made(), []) == []


@pytest.mark.parametrize(("query", "n"), [("", 3), ("&top_k=1", 1), ("&top_k=9", 3)])
def test_top_k_is_the_number_of_reasons(query: str, n: int) -> None:
    assert len(notice_of(made(), {}, query)["reasons"]) == n


def test_if_no_column_lowered_the_score_the_notice_says_so() -> None:
    saved = made((1.0, -1.0, 0.0, 0.0, 0.0), Threshold(5.0))
    notice = notice_of(saved, {"income": 31, "debt": 9})
    assert notice["reasons"] == []
    assert (
        "No single piece of information lowered your score. Your score as a whole is too low for "
        "a favourable answer." in notice["text"]
    )


@pytest.mark.parametrize(
    ("changeable", "threshold", "changes", "said"),
    [
        ((), 0.0, None, "We name no change that would have helped"),
        ((Changeable("job"),), 9.0, [], "(job) that would certainly have led to a favourable"),
    ],
)
def test_if_no_change_can_be_named_the_notice_says_why(
    changeable: tuple[Changeable, ...], threshold: float, changes: Any, said: str
) -> None:
    notice = notice_of(made(decision=Threshold(threshold), changeable=changeable), {})
    assert notice["changes"] == changes
    assert said in notice["text"]


def test_the_change_is_large_enough_for_the_strictest_group() -> None:
    """The score of a man must be above 0.5, that of a woman above −0.5."""
    saved = made(decision=_THRESHOLDS)
    notices = [notice_of(saved, {"sex": sex}) for sex in ("Male", "Female", "Other", None)]
    assert [notice["changes"][0] for notice in notices] == [
        {"column": "income", "from": 25, "to": 40.0, "text": "40 instead of 25 for income"}
    ] * 4
    hints = answer(saved, json.dumps(_ROW | {"sex": "Female"}).encode(), b"counterfactuals=true")
    (own,) = json.loads(hints.body)["counterfactuals"]
    assert {hint["column"]: hint["to"] for hint in own}["income"] == 30.0


def test_a_change_that_helps_only_one_group_is_not_named() -> None:
    """Nobody of the first group can reach the threshold."""
    saved = made(decision=GroupThresholds(np.array([1e6, -0.5, -0.5, -0.5])))
    for sex in ("Male", "Female"):
        assert notice_of(saved, {"sex": sex})["changes"] == []


_NUMBER = st.floats(-2, 2).map(lambda number: round(number, 1))


@st.composite
def _models(draw: st.DrawFn) -> SavedModel:
    coefficients = tuple(draw(st.tuples(*[_NUMBER] * 5)))
    thresholds = np.array(draw(st.tuples(*[_NUMBER] * 4)))
    rates = np.array([sorted(draw(st.tuples(*[st.sampled_from((0.0, 0.5, 1.0))] * 2)))] * 4)
    decision = draw(
        st.sampled_from(
            (Threshold(0.5), GroupThresholds(thresholds), LabelMixing(rates, thresholds))
        )
    )
    kind = draw(st.sampled_from(("none", "shift", "blocks")))
    if kind == "none":
        return made(coefficients, decision)
    if kind == "shift":
        shifts = np.array([draw(st.tuples(*[_NUMBER] * 5)) for _ in range(2)])
        return made(coefficients, decision, transform=GroupShift(shifts, _SHARES))
    # Each group has coefficients of its own, so the contributions differ, too.
    return made(draw(st.tuples(*[_NUMBER] * 12)), decision, transform=GroupBlocks(_SHARES))


_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "income": st.integers(0, 90),
            "debt": st.floats(0, 40),
            "job": st.sampled_from(["clerk", "cook", "no job of the training rows"]),
        }
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25)
@given(_models(), _ROWS)
def test_a_notice_does_not_depend_on_the_protected_value(
    saved: SavedModel, rows: list[dict[str, Any]]
) -> None:
    """The labels may, and every change leads to label 1 for all of them."""
    sexes = ("Male", "Female", "Other", None, "something else")
    found = [notices_of(saved, [row | {"sex": sex} for row in rows]) for sex in sexes]
    for row, own in zip(rows, zip(*found, strict=True), strict=True):
        said = {orjson.dumps(notice) for notice in own if notice is not None}
        assert len(said) <= 1
        for notice in map(orjson.loads, said):
            changes = {change["column"]: change["to"] for change in notice["changes"]}
            asked = [row | {"sex": s, name: to} for s in sexes for name, to in changes.items()]
            reply = json.loads(answer(saved, json.dumps(asked).encode()).body)
            assert reply["predictions"] == [1] * len(asked)


_CONTRIBUTIONS = st.lists(
    st.sampled_from([-2.0, -1.0, -1.0 - 1e-12, -1e-12, 0.0, 1e-12, 0.5]), min_size=1, max_size=6
)


@given(_CONTRIBUTIONS, st.integers(1, 6))
def test_reasons_are_the_most_negative_contributions_and_ties_keep_the_order(
    values: list[float], most: int
) -> None:
    (found,) = lowering(np.array([values]), None, most)
    lowered = [place for place, value in enumerate(values) if value < -1e-9]
    assert found == sorted(lowered, key=lambda place: (round(values[place], 6), place))[:most]


def test_a_drawn_answer_is_said_to_be_drawn() -> None:
    members = tuple(LinearScorer(np.array([1.0, 0, 0, 0, 0]), level) for level in (0.0, 1.0))
    scorer = MixtureScorer(members, np.array([0.75, 0.25]))
    saved = made(decision=MemberVote(), scorer=scorer)
    notices = notices_of(saved, [_ROW | {"income": income} for income in (15, *range(21, 30))])
    assert "at random" not in notices[0]["text"]  # both members are against it
    drawn = [notice["text"] for notice in notices[1:] if notice]
    assert drawn
    said = "The model drew the answer at random. A favourable answer had a chance of 25.0%."
    assert all(said in text for text in drawn)


def test_the_chance_is_not_said_if_it_depends_on_the_group() -> None:
    """Nor whether there was a draw: the first group has none."""
    rates = np.array([[0.0, 1.0], [0.3, 0.9], [0.3, 0.9], [0.2, 0.9]])
    saved = made(decision=LabelMixing(rates, np.zeros(4)))
    notices = notices_of(
        saved,
        [_ROW | {"income": 11 + n, "sex": sex} for n in range(9) for sex in ("Male", "Female")],
    )
    texts = [notice["text"] for notice in notices if notice]
    assert len(texts) > 9
    assert all("yours may be one of them" in text and "%" not in text for text in texts)


def test_a_null_has_a_reason_without_a_direction() -> None:
    encoder = replace(_ENCODER, impute=True)
    model = replace(made((0.0, 0.0, -1.0, -1.0, 0.0), Threshold(1.0)).model, encoder=encoder)
    saved = SavedModel(fairrun.inference, model, describe(model))
    texts = texts_for(
        saved,
        {
            "columns": {"job": {"text": "Kind of work", "values": {"cook": "Work as a cook"}}},
            "sentences": {},
        },
    )
    for job, said in (
        (None, "Kind of work"),
        ("cook", "Work as a cook"),
        ("clerk", "Kind of work"),
    ):
        (reason,) = notice_of(saved, {"job": job}, texts=texts)["reasons"]
        assert reason["text"] == said


def test_a_change_from_a_null_says_that_there_was_no_value() -> None:
    encoder = replace(_ENCODER, impute=True)
    model = replace(made().model, encoder=encoder)
    saved = SavedModel(fairrun.inference, model, describe(model))
    change = notice_of(saved, {"income": None})["changes"][0]
    assert change["from"] is None
    assert change["text"] == "35 instead of no value for income"


@pytest.mark.parametrize(
    "path",
    [
        *("3/changeable", "3/group_thresholds", "3/correlation_remover"),
        *("4/pooled", "4/equalized_odds", "4/given_score"),
    ],
)
def test_models_of_all_formats_with_explanations_have_notices(path: str) -> None:
    version, name = path.split("/")
    folder = ROOT / "tests" / "inference" / "formats" / version
    model = load_model(folder / name)
    saved = SavedModel(fairrun.inference, model, describe(model))
    assert any(notices_of(saved, json.loads((folder / "rows.json").read_text("utf-8"))))


def test_the_app_answers_as_its_document_says(
    ask: Ask, good: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    document = ask(path="/openapi.json", method="GET").json()
    content = ask(records(good), path="/predict?reasons=true").json()
    assert valid(document, "Answers", content)
    notice = next(filter(None, content["reasons"]))
    assert valid(document, "Notice", notice)
    assert not valid(document, "Notice", notice | {"reasons": [{"column": "sex"}]})
    assert notice["text"] not in caplog.text
    del content["reasons"]
    assert content == ask(records(good)).json()
