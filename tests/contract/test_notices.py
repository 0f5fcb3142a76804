"""Every mitigator's notices say why a label is 0, hold what they promise, and hide the group."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pandas as pd
import pytest

from fairrun.models.saved import SavedModel, load_saved
from fairrun.serving.answering import answer
from tests.contract.conftest import Case
from tests.serving.conftest import records

#: Both groups, and two values of neither.
SEXES = ("Male", "Female", None, "unheard of")

Answers = dict[str, Any]


@pytest.fixture(scope="session")
def some(rows: pd.DataFrame) -> pd.DataFrame:
    """Null and unseen groups, an unseen category and 1e308 are among them."""
    return rows.head(40)


@pytest.fixture(scope="session")
def saved(case: Case) -> SavedModel:
    return load_saved(case.folder)


@pytest.fixture(scope="session")
def notices(saved: SavedModel, some: pd.DataFrame) -> Answers:
    return ask(saved, some)


def ask(saved: SavedModel, frame: pd.DataFrame, query: str = "reasons=true") -> Answers:
    reply = answer(saved, json.dumps(records(frame)).encode(), query.encode())
    assert reply.status == 200, reply.body
    return dict(orjson.loads(reply.body))


def test_rows_with_label_0_get_a_notice(notices: Answers) -> None:
    assert [given is not None for given in notices["reasons"]] == [
        label == 0 for label in notices["predictions"]
    ]
    assert any(notices["reasons"])


def test_the_reasons_are_the_contributions_that_lowered_the_score_the_most(
    case: Case, some: pd.DataFrame, notices: Answers
) -> None:
    """Of the row without its protected value, so that the group is not a part of them."""
    explained = case.model.explain(some.assign(sex=None))
    for row, notice in enumerate(notices["reasons"]):
        if notice is None:
            continue
        lowered = []
        for place, column in enumerate(explained.columns):
            value = round(float(explained.contributions[row, place]), 9)
            sampled = explained.standard_errors
            error = 0.0 if sampled is None else 2 * float(sampled[row, place])
            if column != "sex" and value < 0 and explained.contributions[row, place] + error < 0:
                lowered.append((value, place, column))
        assert [said["column"] for said in notice["reasons"]] == [
            column for _, _, column in sorted(lowered)[:4]
        ]


def test_every_change_turns_the_label_whatever_the_protected_value_is(
    case: Case, saved: SavedModel, some: pd.DataFrame, notices: Answers
) -> None:
    frame = some.astype(dict.fromkeys(("age", "weight", "gain"), object))
    changed, befores = [], []
    for row, notice in enumerate(notices["reasons"]):
        for change in notice["changes"] if notice else ():
            befores.append((frame.iloc[row][change["column"]], change["from"]))
            changed.append(frame.iloc[row].to_dict() | {change["column"]: change["to"]})
    assert all(before == said for before, said in befores)
    if case.model.draws is None:
        assert changed
    if changed:
        for sex in SEXES:
            assert set(ask(saved, pd.DataFrame(changed).assign(sex=sex))["predictions"]) == {1}
        assert set(ask(saved, pd.DataFrame(changed))["predictions"]) == {1}


def test_a_notice_is_the_same_for_every_protected_value(
    saved: SavedModel, some: pd.DataFrame
) -> None:
    """To the byte, if the label stays 0: also the reasons, the changes and the words on chance."""
    of_sex = {sex: ask(saved, some.assign(sex=sex))["reasons"] for sex in SEXES}
    compared = 0
    for row in range(len(some)):
        given = {orjson.dumps(own[row]) for own in of_sex.values() if own[row] is not None}
        compared += bool(given)
        assert len(given) <= 1
    assert compared
    said = orjson.dumps([*of_sex.values()])
    assert not [word for word in (b"Male", b"Female", b"unheard of", b"sex") if word in said]


def test_a_row_alone_gets_the_same_notice(
    saved: SavedModel, some: pd.DataFrame, notices: Answers
) -> None:
    for row in (5, 12, 20, 33):
        assert ask(saved, some.iloc[[row]])["reasons"] == [notices["reasons"][row]]
