from __future__ import annotations

import math

import numpy as np
import pytest

from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, count_rows, evaluate_predictions, hidden_groups, show
from fairrun.sweep.measure import measure_counts
from fairrun.sweep.shown import shown_trial
from fairrun.sweep.trial import TrialResult

#: Rows by label and prediction.
MANY, FEW_SELECTED = [[40, 20], [20, 40]], [[50, 1], [40, 1]]
FEW, NOBODY = [[1, 1], [0, 1]], [[0, 0], [0, 0]]
PARITY, ODDS = "statistical_parity", "equality_of_opportunity_difference"


@pytest.mark.parametrize(
    ("unprivileged", "tables", "min_cell", "shown"),
    [
        # B is hidden with I, of which the rows of all would tell. The rest is large enough.
        (("B", "I"), [MANY, MANY, FEW, NOBODY], 5, {PARITY, ODDS}),
        (("B",), [MANY, MANY, FEW, NOBODY], 5, set()),
        (("B",), [MANY, MANY, FEW, NOBODY], 1, {PARITY, ODDS, f"{PARITY}_worst", f"{ODDS}_worst"}),
        # Two selected rows are few behind a true positive rate, but not behind a selection rate.
        (("B",), [MANY, FEW_SELECTED, MANY, NOBODY], 5, {PARITY, f"{PARITY}_worst"}),
        # Rows without a race are protected like a group.
        (("B", "I"), [MANY, MANY, MANY, FEW], 5, set()),
    ],
)
def test_metrics_of_few_rows_are_left_out(
    unprivileged: tuple[str, ...], tables: list[list[list[int]]], min_cell: int, shown: set[str]
) -> None:
    race = ProtectedColumn("race", ("W", "B", "I"), ("W",), unprivileged)
    counts = Counts((race,), tables)
    exact = measure_counts(counts)
    found = shown_trial(TrialResult(0, {}, "complete", exact, counts), min_cell).metrics
    assert list(found) == list(exact)
    assert found["accuracy"] == exact["accuracy"]
    finite = {name for name, value in found.items() if math.isfinite(value)}
    asked = {name for name in (PARITY, ODDS) for name in (name, f"{name}_worst")}
    assert finite & asked == shown
    for name in asked:
        assert (f"{name}_ci_low" in finite) == (name in shown)


def test_the_decision_is_that_of_an_evaluation() -> None:
    rng, n = np.random.default_rng(3), 600
    sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    race = ProtectedColumn("race", ("W", "B", "I"), ("W",), ("B",))
    positions = [rng.integers(-1, 2, n), rng.choice(3, n, p=[0.6, 0.395, 0.005])]
    label, probability = rng.integers(0, 2, n), rng.random(n)
    rows = ([sex, race], positions, label, (probability > 0.6).astype(int))
    counts = count_rows(*rows, None)
    hidden = hidden_groups(counts, 5, unknown=True)
    evaluated = show(evaluate_predictions(*rows, probability), hidden).metrics
    trial = TrialResult(0, {}, "complete", measure_counts(counts, ["sex:race"]), counts)
    shown = shown_trial(trial, 5).metrics
    common = [name for name in shown if name in evaluated and "_worst" not in name]
    assert len(common) > 70
    gone = {name for name in common if math.isnan(shown[name])}
    assert gone == {name for name in common if math.isnan(evaluated[name])}
    assert {"statistical_parity/race"} <= gone < {*common} - {"statistical_parity"}
    # A worst pair is shown only where the evaluation has it of all pairs.
    worst = {name for name in shown if "_worst" in name and not math.isnan(shown[name])}
    assert all(shown[name] == pytest.approx(evaluated[name]) for name in worst)
