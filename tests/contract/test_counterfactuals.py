"""Every mitigator's answers come with hints, if they are asked for, and every hint holds."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.inference import Changeable, InferenceModel, LinearScorer, TreeScorer
from fairrun.models.saved import load_saved
from fairrun.serving.answering import answer
from tests.contract.conftest import Case
from tests.serving.conftest import records

Hints = list[list[dict[str, Any]]]


@pytest.fixture(scope="session")
def some(rows: pd.DataFrame) -> pd.DataFrame:
    """Null and unseen groups, an unseen category and 1e308 are among them."""
    return rows.head(24)


@pytest.fixture(scope="session")
def hints(case: Case, some: pd.DataFrame) -> Hints:
    return case.model.counterfactuals(some)


def changed(rows: pd.DataFrame, hints: Hints) -> tuple[list[int], pd.DataFrame]:
    """The row each hint is of, and that row as the hint would have it."""
    of = [row for row, own in enumerate(hints) for _ in own]
    frame = rows.iloc[of].reset_index(drop=True)
    for place, hint in enumerate(hint for own in hints for hint in own):
        frame.loc[place, hint["column"]] = hint["to"]
    return of, frame


def test_every_hint_turns_the_label(case: Case, some: pd.DataFrame, hints: Hints) -> None:
    of, frame = changed(some, hints)
    before, after = case.model.predict(some).iloc[of], case.model.predict(frame)
    said = [hint["decision_probability"] for own in hints for hint in own]
    assert after["decision_probability"].tolist() == said
    chances = before["decision_probability"].to_numpy(), after["decision_probability"].to_numpy()
    assert ((chances[0] > 0.5) != (chances[1] > 0.5)).all()
    if case.model.draws is None:
        assert (before["prediction"].to_numpy() + after["prediction"].to_numpy() == 1).all()


def test_hints_keep_to_what_may_be_changed(case: Case, some: pd.DataFrame, hints: Hints) -> None:
    allowed = {changeable.name: changeable for changeable in case.model.changeable}
    assert set(allowed) == {"age", "weight", "job", "gain"}
    for place, own in enumerate(hints):
        columns = [hint["column"] for hint in own]
        assert set(columns) <= set(allowed)
        assert len(own) <= 10
        assert all(columns.count(name) <= (3 if name == "job" else 2) for name in columns)
        sizes = []
        for hint in own:
            assert [*hint] == ["column", "to", "change", "decision_probability"]
            present = some[hint["column"]].iloc[place]
            if hint["column"] == "job":
                assert hint["to"] in ("clerk", "rare", "sales", "Ärztin")
                assert hint["change"] is None
                sizes.append(1.0)
                continue
            range_ = allowed[hint["column"]]
            low, high = range_.bounds
            assert low <= hint["to"] <= high
            assert hint["change"] == hint["to"] - present
            assert hint["to"] == round(hint["to"]) or not range_.whole
            sizes.append(abs(hint["change"]) / (high - low))
        assert sizes == sorted(sizes)


def is_exact(model: InferenceModel, range_: Changeable) -> bool:
    """Whether nothing nearer is missed: all whole numbers are tried, or the score is known."""
    links = [type(link).__name__ for link in getattr(model.transform, "links", [model.transform])]
    if range_.name == "age":
        return True
    if isinstance(model.scorer, LinearScorer):
        return set(links) <= {"NoneType", "GroupShift", "GroupStepMap", "GroupBlocks"} and not (
            "GroupStepMap" in links and "GroupBlocks" in links
        )
    return isinstance(model.scorer, TreeScorer) and set(links) <= {"NoneType", "GroupShift"}


def test_nothing_nearer_turns_the_label(case: Case, some: pd.DataFrame, hints: Hints) -> None:
    """By asking the model for all of a fine grid, or every whole number."""
    rows = some.iloc[[3, 5, 8, 11, 12, 20]]
    before = case.model.predict(rows)["decision_probability"].to_numpy() > 0.5
    own = case.model.counterfactuals(rows)
    for range_ in case.model.changeable:
        if range_.name == "job" or not is_exact(case.model, range_):
            continue
        low, high = range_.bounds
        grid = np.arange(low, high + 1) if range_.whole else np.linspace(low, high, 1501)
        grid = grid[:: max(1, len(grid) // 1500)]
        asked = rows.loc[rows.index.repeat(len(grid))].assign(
            **{range_.name: np.tile(grid, len(rows))}
        )
        chances = case.model.predict(asked)["decision_probability"].to_numpy()
        turned = (chances.reshape(len(rows), -1) > 0.5) != before[:, np.newaxis]
        least = 1.0 if range_.whole else 1e-3 * (high - low)
        for place, present in enumerate(rows[range_.name].tolist()):
            said = [h["change"] for h in own[place] if h["column"] == range_.name]
            for sign in (1, -1):
                true = np.abs(grid - present)[turned[place] & (sign * (grid - present) > 0)]
                found = [abs(change) for change in said if sign * change > 0]
                assert len(found) == (true.size > 0) or (found and not true.size)
                if true.size:
                    begin = abs(np.clip(present, low, high) - present)
                    slack = max(0.1 * (true.min() - begin), least)
                    whole = range_.whole and true.min() < 100
                    assert found[0] <= true.min() + (0.0 if whole else slack)


@settings(max_examples=10)
@given(st.data())
def test_a_row_gets_the_same_hints_in_any_batch(
    case: Case, some: pd.DataFrame, hints: Hints, data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(some) - 1), min_size=1, max_size=4))
    assert case.model.counterfactuals(some.iloc[chosen]) == [hints[row] for row in chosen]


def test_a_loaded_model_and_the_app_give_them(case: Case, some: pd.DataFrame, hints: Hints) -> None:
    loaded = case.loaded.predict(some, params={"counterfactuals": True})
    assert loaded.pop("counterfactuals").tolist() == hints
    pd.testing.assert_frame_equal(loaded, case.loaded.predict(some), check_exact=True)
    of_none = case.loaded.predict(some.head(0), params={"counterfactuals": True})
    assert of_none["counterfactuals"].tolist() == []
    few = some.iloc[10:16]
    reply = answer(
        load_saved(case.folder), json.dumps(records(few)).encode(), b"counterfactuals=true"
    )
    assert json.loads(reply.body)["counterfactuals"] == hints[10:16]
