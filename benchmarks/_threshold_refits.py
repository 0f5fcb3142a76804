"""Fits of group thresholds in a known population, for `thresholds_hold.py --refits`.

Group thresholds are chosen on out-of-fold scores, and the served model is fitted on all training
rows. Each fit draws new training rows and validation rows. The rates of the served model in 20,000
other rows, whose P(y = 1 | x) is known, count as the truth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.gate.constraints import check_constraint
from fairrun.groups import Protected, ProtectedColumn
from fairrun.inference import GroupLookup
from fairrun.metrics import Counts, audit
from fairrun.training import FairClassifier
from fairrun.training.mitigation import TrainingMatrix
from fairrun.training.mitigation.threshold_search import search_thresholds
from fairrun.training.recipe import fit_recipe

__all__ = ["refit"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ESTIMATORS = ("hist_gradient_boosting", "logistic_regression")
#: Each constraint, with tolerances at which the rows can, or can hardly, show that it holds.
ASKED = (
    ("statistical_parity", 0.05),
    ("statistical_parity", 0.1),
    ("disparate_impact", 0.4),
    ("equality_of_opportunity_difference", 0.05),
    ("equality_of_opportunity_difference", 0.15),
)
TRAINING, VALIDATION, TRUTH = 2000, 1000, 20000
#: The share of rows in group_b, and how much lower two of its features are.
SHARE_B, LOWER = 0.35, 0.6
#: The rate of each constraint: all rows count in it, or those with label 1.
OF_POSITIVES = "equality_of_opportunity_difference"


def draw(rng: np.random.Generator, n: int) -> tuple[Floats, Floats, Ints]:
    """Return features, P(y = 1 | x) and groups of rows."""
    group = (rng.random(n) < SHARE_B).astype(np.int64)
    x = rng.normal(size=(n, 8))
    x[:, 0] -= LOWER * group
    x[:, 1] -= LOWER / 2 * group
    score = 0.9 * x[:, 0] + 0.7 * x[:, 1] + 0.6 * x[:, 2] * x[:, 3]
    score += 0.5 * np.abs(x[:, 4]) + 0.3 * x[:, 5] - 1.6
    return x, 1 / (1 + np.exp(-score)), group


def rates(selected: NDArray[np.bool_], counted: Floats, group: Ints) -> Floats:
    """Return the share of `counted` that is selected in both groups."""
    return np.array(
        [(counted * selected)[group == k].sum() / counted[group == k].sum() for k in (0, 1)]
    )


def refit(n_fits: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each estimator and constraint."""
    for estimator in ESTIMATORS:
        found: list[list[dict[str, Any]]] = [[] for _ in ASKED]
        for number in range(n_fits):
            for rows, one in zip(found, _one_fit(estimator, number), strict=True):
                rows.append(one)
        for (constraint, tolerance), rows in zip(ASKED, found, strict=True):
            of = {"estimator": estimator, "constraint": constraint, "tolerance": tolerance}
            yield of | _summary(rows)


def _one_fit(estimator: str, number: int) -> Iterator[dict[str, Any]]:
    """Fit a model, and yield what became of each constraint."""
    rng = np.random.default_rng([TRAINING, number])
    x, chance, group = draw(rng, TRAINING)
    label = (rng.random(TRAINING) < chance).astype(np.int64)
    other, of_other, group_of_other = draw(rng, VALIDATION)
    label_of_other = (rng.random(VALIDATION) < of_other).astype(np.int64)
    true_x, true_chance, true_group = draw(np.random.default_rng(0), TRUTH)
    column = ProtectedColumn("group", ("a", "b"), ("a",), ("b",))
    lookup = GroupLookup("group", ("a",), ("b",))
    memory: dict[str, Any] = {}
    train = TrainingMatrix(x, label, group.astype(np.int8))
    scores: tuple[Floats, Floats] | None = None
    for constraint, tolerance in ASKED:
        recipe = FairClassifier(
            Protected("group", "a"),
            mitigator="group_thresholds",
            mitigator_params={"constraint": constraint, "tolerance": tolerance},
            estimator=estimator,
        ).recipe()
        _, scorer, _ = fit_recipe(recipe, train, group, lookup, memory)
        if scores is None:
            scores = scorer.score(true_x), scorer.score(other)
        # The rule does not say whether the search showed the constraint, so it is searched again.
        out_of_fold = next(v for name, v in memory.items() if name.startswith("out-of-fold"))
        search = search_thresholds(
            *(out_of_fold, label, group, 2),
            constraint=constraint,
            tolerance=tolerance,
            objective="accuracy",
            confidence=0.95,
        )
        counted = [np.ones(TRUTH), np.ones(TRAINING)]
        if constraint == OF_POSITIVES:
            counted = [true_chance, label.astype(np.float64)]
        limits = search.thresholds
        truth = rates(scores[0] > limits[true_group], counted[0], true_group)
        seen = rates(out_of_fold > limits[group], counted[1], group)
        unmitigated = rates(scores[0] > 0, counted[0], true_group)
        size = np.array([counted[1][group == k].sum() for k in (0, 1)])
        predicted = (scores[1] > limits[group_of_other]).astype(np.int64)
        counts = Counts.from_arrays([column], [group_of_other], label_of_other, predicted)
        asked = f"{constraint}<={tolerance!r}"
        if constraint == "disparate_impact":
            asked = f"{constraint}>={1 - tolerance!r}"
        checked = check_constraint(asked, "group", counts, audit(counts))
        gap, none = (_gap(each, constraint) for each in (truth, unmitigated))
        yield {
            "gap": gap,
            "gap_none": none,
            "holds": gap <= tolerance,
            "shown": search.shown,
            "reads": not search.one,
            "error": (truth[0] - truth[1]) - (seen[0] - seen[1]),
            "sampling": math.sqrt((seen * (1 - seen) / size).sum()),
            "kept": checked.kept,
            "probability": checked.probability,
        }


def _gap(of_groups: Floats, constraint: str) -> float:
    if constraint == "disparate_impact":
        return float(1 - of_groups.min() / max(of_groups.max(), 1e-12))
    return float(of_groups.max() - of_groups.min())


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the means of fits; shares are of all fits, unless the name says "if"."""
    column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    holds, shown, kept = column["holds"], column["shown"], column["kept"] == "kept"
    return {
        "fits": len(rows),
        "gap_none": column["gap_none"].mean(),
        "gap": column["gap"].mean(),
        "reads_group": column["reads"].mean(),
        "holds": holds.mean(),
        "shown": shown.mean(),
        "shown_wrongly": (shown & ~holds).mean(),
        "holds_if_shown": holds[shown].mean() if shown.any() else None,
        "kept": kept.mean(),
        "kept_wrongly": (kept & ~holds).mean(),
        "not_kept_wrongly": ((column["kept"] == "not kept") & holds).mean(),
        "probability": column["probability"].mean(),
        "error_mean": column["error"].mean(),
        "error_sd": column["error"].std(ddof=1),
        "sampling_error": column["sampling"].mean(),
    }
