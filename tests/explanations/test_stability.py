"""How stable explanations are, against the slopes of a linear score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.explanations import MOVED_BY
from fairrun.explanations.rows import ExplainedRows, explain_rows
from fairrun.explanations.stability import PAST, move, stability
from fairrun.groups import Protected
from fairrun.inference import Explanations, InferenceModel
from fairrun.training import FairClassifier
from tests.explanations.conftest import FRAME, LABEL
from tests.explanations.test_importance import codes


def watched(
    model: InferenceModel, rows: ExplainedRows
) -> tuple[pd.DataFrame, dict[str, float], pd.DataFrame]:
    """Measure the stability, and see which rows were explained for it."""
    seen: list[pd.DataFrame] = []

    class Watched:
        encoder, background = model.encoder, model.background

        def explain(self, rows: pd.DataFrame) -> Explanations:
            seen.append(rows)
            return model.explain(rows)

    metrics, table = stability(Watched(), rows)  # type: ignore[arg-type]
    (moved,) = seen
    return moved, dict(metrics), table


def test_changes_are_those_of_the_contributions(model: InferenceModel, frame: pd.DataFrame) -> None:
    rows = explain_rows(model, frame, codes(frame), 200)
    moved, metrics, table = watched(model, rows)
    assert len(moved) == 50
    sizes = {group: n / 900 / np.sum(codes(moved) == group) for group, n in rows.sizes.items() if n}
    weights = np.array([sizes[group] for group in codes(moved)])
    before = model.explain(rows.frame.loc[moved.index]).contributions
    after = model.explain(moved).contributions
    np.testing.assert_allclose(table["mean_change"], weights @ np.abs(after - before), atol=1e-12)
    np.testing.assert_allclose(
        table["largest_change"], np.abs(after - before).max(axis=0), atol=1e-12
    )
    relative = np.abs(after - before).sum(axis=1) / np.abs(before).sum(axis=1)
    assert metrics["explanation_change"] == pytest.approx(weights @ relative)
    others = [np.abs(x).argmax() != np.abs(y).argmax() for x, y in zip(after, before, strict=True)]
    assert metrics["explanation_top_column_changes"] == pytest.approx(weights @ others)


def test_rows_hardly_move(linear: InferenceModel, frame: pd.DataFrame) -> None:
    rows = explain_rows(linear, frame, codes(frame), 400)
    moved, metrics, table = watched(linear, rows)
    before = rows.frame.loc[moved.index]
    assert moved["job"].equals(before["job"])
    for column in (linear.encoder.columns[place] for place in (0, 1, 3)):
        name = column.name
        step = (moved[name] - before[name]).abs() / column.scale
        assert 0 < step.max() <= MOVED_BY + 1e-12
        assert moved[name].between(frame[name].min(), frame[name].max()).all()
        # Who is in the middle may be moved across, no more.
        nearer = (moved[name] - frame[name].median()).abs() <= (
            before[name] - frame[name].median()
        ).abs()
        assert nearer.mean() > 0.9
    none = before["gain"] == 0
    assert none.mean() > 0.5
    np.testing.assert_allclose(moved["gain"][none], 0, atol=1e-9)
    changes = table.set_index("column")["largest_change"]
    slopes = dict(zip(linear.encoder.encoded_names, linear.scorer.coefficients, strict=True))
    assert changes["job"] == 0
    for name in ("age", "weight", "gain"):
        assert changes[name] <= abs(slopes[name]) * MOVED_BY * (1 + 1e-9)
    assert changes["weight"] == pytest.approx(abs(slopes["weight"]) * MOVED_BY)
    assert 0 < metrics["explanation_change"] < 0.2


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=32),
    st.lists(st.floats(-9, 9), min_size=1, max_size=9),
)
def test_no_value_passes_more_rows_than_it_may(slices, values):
    levels = np.sort(slices)
    values = np.array(values)
    moved = move(values, levels)
    assert (np.abs(moved - values) <= MOVED_BY + 1e-12).all()
    low, high = np.minimum(values, moved), np.maximum(values, moved)
    for one, other in zip(low, high, strict=True):
        passed = np.sum((levels > one + 1e-9) & (levels < other - 1e-9))
        assert passed <= PAST * len(levels) + 1


def test_a_score_that_turns_at_a_value_is_unstable(
    linear: InferenceModel, frame: pd.DataFrame
) -> None:
    """Two columns nearly as large as each other: who is on top hangs on next to nothing."""
    rows = explain_rows(linear, frame, codes(frame), 400)
    tied = np.tile([1.0, 0.0, 1.0 - 1e-9, 0.0], (len(rows), 1))

    class Nervous:
        encoder, background = linear.encoder, linear.background

        def explain(self, moved: pd.DataFrame) -> Explanations:
            return replace(rows.explained, contributions=tied[: len(moved), ::-1])

    before = replace(rows, explained=replace(rows.explained, contributions=tied))
    metrics, _ = stability(Nervous(), before)  # type: ignore[arg-type]
    assert metrics["explanation_top_column_changes"] == pytest.approx(1)


def test_without_numbers_there_is_nothing_to_move() -> None:
    frame = FRAME[["job", "sex"]]
    model = FairClassifier(Protected("sex", "Male", "Female")).fit(frame, LABEL).inference_
    metrics, table = stability(model, explain_rows(model, frame, codes(frame), 40))
    assert np.isnan([*metrics.values()]).all()
    assert table["largest_change"].isna().all()


def test_a_share_of_few_rows_is_not_said(linear: InferenceModel, frame: pd.DataFrame) -> None:
    metrics, _ = stability(linear, explain_rows(linear, frame, codes(frame), 196))
    assert np.isnan(metrics["explanation_top_column_changes"])
    assert metrics["explanation_change"] > 0
