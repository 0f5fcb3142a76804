"""Rows beside the threshold: on either side, as the model itself has it, and nobody's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.explanations import ABOVE, BELOW
from fairrun.explanations.marginals import median_row, training_values
from fairrun.explanations.threshold_rows import threshold_rows
from fairrun.inference import InferenceModel, LinearScorer, Threshold
from tests.explanations.conftest import fitted


def test_one_lies_on_either_side_and_they_differ_in_one_column(model: InferenceModel) -> None:
    found = threshold_rows(model, model.encoder.names)
    assert list(found.scores) == [BELOW, ABOVE]
    assert found.scores[BELOW] <= found.threshold < found.scores[ABOVE]
    values = {side: own["value"].tolist() for side, own in found.table.groupby("side")}
    assert sum(x != y for x, y in zip(values[BELOW], values[ABOVE], strict=True)) == 1
    for side, own in found.table.groupby("side"):
        total = found.base_value + own["contribution"].sum()
        assert total == pytest.approx(found.scores[side])
    assert found.has_threshold == (model.decision.kind != "member_vote")


@pytest.mark.parametrize("name", ["linear", "decides by group", "trees", "reads the group"])
def test_the_model_labels_them_0_and_1(name: str) -> None:
    model = fitted(name)
    found = threshold_rows(model, model.encoder.names)
    rows = []
    for side in (BELOW, ABOVE):
        row = median_row(model)
        own = found.table[found.table["side"] == side].set_index("column")["value"]
        for column in model.encoder.names:
            is_text = isinstance(row[column].iloc[0], str)
            row[column] = [own[column] if is_text else float(own[column].replace(",", ""))]
        rows.append(row)
    assert model.predict(pd.concat(rows, ignore_index=True))["prediction"].tolist() == [0, 1]


def test_the_larger_group_is_taken(frame: pd.DataFrame) -> None:
    assert median_row(fitted("reads the group"))["sex"].tolist() == ["Male"]


@pytest.mark.parametrize(("threshold", "side"), [(1e6, BELOW), (-1e6, ABOVE), (np.inf, BELOW)])
def test_where_nothing_leads_across_there_is_one_row(
    threshold: float, side: str, linear: InferenceModel
) -> None:
    never = InferenceModel(
        linear.encoder,
        linear.scorer,
        decision=Threshold(threshold),
        background=linear.background,
    )
    found = threshold_rows(never, never.encoder.names)
    assert list(found.scores) == [side]


def test_several_columns_are_moved_where_one_is_not_enough(linear: InferenceModel) -> None:
    """Only all columns at their best are above the threshold."""
    scorer = linear.scorer
    assert isinstance(scorer, LinearScorer)
    known = training_values(linear)
    best = {
        name: max(
            values, key=lambda v, n=name: linear.log_odds(median_row(linear).assign(**{n: [v]}))[0]
        )
        for name, values in known.items()
    }
    highest = linear.log_odds(pd.DataFrame({name: [value] for name, value in best.items()}))[0]
    hard = InferenceModel(
        linear.encoder, scorer, decision=Threshold(highest - 1e-6), background=linear.background
    )
    found = threshold_rows(hard, hard.encoder.names)
    assert list(found.scores) == [BELOW, ABOVE]
    assert found.scores[ABOVE] == pytest.approx(highest)
