"""The rows of the frontier benchmark, encoded and scored once for all methods."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OrdinalEncoder

from fairrun.data import DataRequest, Rows, Splits, prepare, resolve_spec
from fairrun.groups import Protected, group_lookup
from fairrun.training import Estimator, Recipe, fit_encoder, fit_recipe, resolve_estimator
from fairrun.training.mitigation import MITIGATORS, Mitigation, TrainingMatrix
from fairrun.training.mitigation.plan import Step

PRIVILEGED = {"sex": "Male", "race": "White"}
ESTIMATORS = ("hist_gradient_boosting", "logistic_regression")
SPLITS = ("train", "validation", "test")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Three splits of Adult for one protected column, one estimator and one seed.

    Every array is stored by split. `matrix` has fairrun's encoding. `refit` is for methods that fit
    the model dozens of times. For boosted trees, it has categories as codes, which is as accurate
    and four times as fast. Neither of them has a protected column.
    """

    protected: str
    estimator: Estimator
    seed: int
    rows: dict[str, Rows]
    label: dict[str, NDArray[np.int64]]
    group: dict[str, NDArray[np.int8]]
    matrix: dict[str, Floats]
    refit: dict[str, Floats]
    refit_estimator: LogisticRegression | HistGradientBoostingClassifier

    def with_group(self) -> Problem:
        """Return the same problem with the group as an additional column."""
        return replace(
            self,
            matrix={name: self._append(part, name) for name, part in self.matrix.items()},
            refit={name: self._append(part, name) for name, part in self.refit.items()},
        )

    def _append(self, matrix: Floats, split: str) -> Floats:
        return np.asfortranarray(np.column_stack([matrix, self.group[split]]))


def load_problem(adult: str, protected: str, estimator: str, seed: int) -> Problem:
    """Read and split UCI Adult; the groups of race are White and all other values together."""
    raw = pd.read_parquet(adult)
    raw["race"] = raw["race"].where(raw["race"] == "White", "not White")
    request = DataRequest(
        "adult",
        protected=[protected],
        privileged=[PRIVILEGED[protected]],
        splits=Splits(seed=seed),
    )
    rows = prepare(resolve_spec(request), raw).splits
    features = {name: rows[name].frame.drop(columns=list(PRIVILEGED)) for name in SPLITS}
    lookup = group_lookup(rows["train"].frame, Protected(protected, PRIVILEGED[protected]))
    encoder = fit_encoder(features["train"])
    matrix = {name: encoder.encode(features[name]) for name in SPLITS}
    if estimator == "logistic_regression":
        refit = matrix
        # This solver reaches the same optimum as the default solver in half the time.
        model = LogisticRegression(solver="newton-cholesky")
    else:
        refit, n_categorical = _categories_as_codes(features)
        model = HistGradientBoostingClassifier(
            categorical_features=list(range(n_categorical)), random_state=seed
        )
    return Problem(
        protected=protected,
        estimator=resolve_estimator(estimator, {}, seed=seed),
        seed=seed,
        rows=dict(rows),
        label={name: rows[name].label for name in SPLITS},
        group={name: lookup.groups(rows[name].frame) for name in SPLITS},
        matrix=matrix,
        refit=refit,
        refit_estimator=model,
    )


def _categories_as_codes(features: dict[str, pd.DataFrame]) -> tuple[dict[str, Floats], int]:
    train = features["train"]
    text = [name for name in train if train[name].dtype == object]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    encoder.fit(train[text])
    encoded = {
        name: np.column_stack([encoder.transform(part[text]), part.drop(columns=text).to_numpy()])
        for name, part in features.items()
    }
    return encoded, len(text)


def score(problem: Problem) -> dict[str, Floats]:
    """Return the log-odds of each split; those of train are out-of-fold.

    The scores are those on which fairrun fits its thresholds. `FairClassifier.fit` computes them
    with a post-processor that returns its input, in place of `group_thresholds`.
    """
    hand_back = replace(MITIGATORS["group_thresholds"], fit=lambda rows: rows)
    recipe = Recipe(
        Mitigation("group_thresholds", {"post": Step(hand_back, {})}),
        problem.estimator,
        "none",
        problem.seed,
    )
    column = PRIVILEGED[problem.protected]
    lookup = group_lookup(problem.rows["train"].frame, Protected(problem.protected, column))
    group = problem.group["train"]
    train = TrainingMatrix(problem.matrix["train"], problem.label["train"], group)
    _, scorer, scored = fit_recipe(recipe, train, group.astype(np.intp), lookup)
    scores = {name: scorer.score(problem.matrix[name]) for name in ("validation", "test")}
    return {"train": scored.log_odds} | scores
