from __future__ import annotations

import numpy as np
import pytest

from fairrun.metrics import BIAS_METRICS, GROUP_RATES, PairedCounts, audit, compare_models
from tests.metrics.samples import COLUMNS, People, draw_people


def paired(people: People, threshold: float) -> PairedCounts:
    other = (people.probability > threshold).astype(int)
    return PairedCounts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred, other)


def test_values_are_the_differences_of_the_models_own() -> None:
    counts = paired(draw_people(0), 0.5)
    found = compare_models(counts, n_replicates=200)
    a, b = (audit(counts.model(which), n_replicates=2) for which in "ab")
    np.testing.assert_allclose(
        found.compared["value"], a.compared["value"] - b.compared["value"], atol=1e-12
    )
    # base_rate does not depend on the model; four performance metrics are of all rows alone.
    assert len(found.rates) == (len(GROUP_RATES) - 1) * (1 + 2 + 3 + 6) + 4
    assert len(found.compared) == len(BIAS_METRICS) * 3
    signed = found.compared["metric"] != "four_fifths_rule"
    for table in (found.rates, found.compared[signed], found.distances):
        assert (table["ci_low"] <= table["value"]).all()
        assert (table["value"] <= table["ci_high"]).all()


def test_what_models_have_in_common_cancels() -> None:
    counts = paired(draw_people(0, 20_000), 0.55)
    difference = compare_models(counts, n_replicates=1000).compared.iloc[0]
    alone = audit(counts.model("a"), n_replicates=1000).compared.iloc[0]
    widths = [row["ci_high"] - row["ci_low"] for row in (difference, alone)]
    assert widths[0] < 0.6 * widths[1]


@pytest.mark.parametrize("n", [50, 500])
def test_models_that_never_differ_are_not_known_to_be_equal(n: int) -> None:
    counts = paired(draw_people(0, n), 0.6)
    found = compare_models(counts, n_replicates=1000).rates.iloc[0]
    assert found["metric"] == "selection_rate"
    assert found["value"] == 0
    # Of n rows, about 3 / n may differ: the rule of three.
    assert 0.5 / n < found["ci_high"] < 6 / n


def test_no_rows_are_nan() -> None:
    found = compare_models(paired(draw_people(0, 0), 0.5), n_replicates=10)
    assert found.rates["value"].isna().all()
    assert found.compared[["value", "ci_low", "ci_high"]].isna().all(axis=None)
