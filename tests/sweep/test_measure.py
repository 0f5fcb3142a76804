from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fairrun.groups import ProtectedColumn
from fairrun.metrics import ClusterTables, count_rows, evaluate_predictions
from fairrun.sweep.measure import measure_counts, measure_scores

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Asian"), ("White",), ("Black",))


@pytest.mark.parametrize("more", [(), ("weight",), ("cluster",), ("weight", "cluster")])
def test_the_metrics_of_a_trial_are_those_of_an_evaluation(more: tuple[str, ...]) -> None:
    rng, n = np.random.default_rng(1), 900
    positions = [rng.integers(-1, 2, n), rng.choice(3, n, p=[0.8, 0.15, 0.05])]
    label, probability = rng.integers(0, 2, n), rng.random(n)
    given: dict[str, Any] = {"weight": rng.uniform(1, 3, n), "cluster": np.arange(n) // 3}
    given = {name: given[name] for name in more}
    rows = ([SEX, RACE], positions, label, (probability > 0.6).astype(int))
    clusters = None
    if "cluster" in given:
        clusters = ClusterTables.from_arrays(*rows, **given)
    weight = given.get("weight")
    of_trial = measure_counts(count_rows(*rows, weight), ["sex:race"], clusters)
    of_trial |= measure_scores(label, probability, weight, clustered=clusters is not None)
    evaluated = evaluate_predictions(*rows, probability, **given).metrics
    both = [name for name in of_trial if name in evaluated]
    others = {name.partition("_worst")[0] for name in of_trial if name not in evaluated}
    assert others <= {"cohen_d"}  # an evaluation has no worst pair of it
    assert len(both) > 100
    np.testing.assert_array_equal(
        [of_trial[name] for name in both], [evaluated[name] for name in both]
    )
