"""Golden answers: synthetic rows with their answers, which are checked when a model is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Columns
from .encoder import Categorical, Numeric
from .errors import ModelError
from .given_score import GivenScore
from .model import InferenceModel

__all__ = ["check_golden", "make_golden"]

_ROWS = 32
#: The first rows have only values that the model knows. A single such row is encoded by other code
#: than a batch; see `Encoder.encode_one`.
_ORDINARY_ROWS = 8
_TOLERANCE = 1e-12
# The last bits of a score may differ between machines, and golden labels must not depend on them.
_DISTANCE_TO_THRESHOLD = 1e-6


def make_golden(model: InferenceModel, seed: int = 0) -> dict[str, Any]:
    """Return random synthetic rows with the model's answers.

    Numbers are uniform within three standard deviations of the mean, and given scores within the
    range of scores. Categories and protected values are uniform over the named ones and one that is
    not named. No row is a row of the training data.

    Parameters
    ----------
    model : InferenceModel
        The model that answers.
    seed : int
        The seed of the random numbers.

    Returns
    -------
    dict
        `rows` (a list by column), `log_odds` and `prediction`. The prediction is None for a row
        near a threshold.
    """
    rng = np.random.default_rng(seed)
    values = {column.name: _draw(column, rng) for column in model.encoder.columns}
    if isinstance(model.scorer, GivenScore):
        values = {name: model.scorer.draw(rng, _ROWS) for name in values}
    if model.groups is not None:
        known: list[Any] = [*model.groups.examples, None]
        places = rng.integers(len(known), size=_ROWS)
        values[model.groups.column] = [known[place] for place in places]
    if model.draws is not None and model.draws.row_key is not None:
        is_text = model.draws.row_key_is_text
        values[model.draws.row_key] = [str(row) if is_text else float(row) for row in range(_ROWS)]
    rows = Columns(values, _ROWS)
    clear = model.distance(rows) > _DISTANCE_TO_THRESHOLD
    labels = model.answer(rows).prediction
    return {
        "rows": values,
        "log_odds": model.log_odds(rows).tolist(),
        "prediction": [
            int(label) if sure else None for label, sure in zip(labels, clear, strict=True)
        ],
    }


def _draw(column: Numeric | Categorical, rng: np.random.Generator) -> list[Any]:
    if isinstance(column, Numeric):
        spread = rng.uniform(-3.0, 3.0, size=_ROWS)
        return [float(value) for value in column.mean + column.scale * spread]
    labels = column.labels
    limits = np.full(_ROWS, len(labels))
    if column.categories:
        limits[:_ORDINARY_ROWS] = len(column.categories)
    return [labels[place] for place in rng.integers(limits)]


def check_golden(model: InferenceModel, golden: dict[str, Any]) -> None:
    """Check that a model gives the same answers to its golden rows as when it was saved.

    The rows are asked as a batch and one by one, because a row alone is answered by faster code.

    Parameters
    ----------
    model : InferenceModel
        The loaded model.
    golden : dict
        The result of `make_golden`.

    Raises
    ------
    ModelError
        If a label differs, or the log-odds differ by more than 1e-12 times max(1, |log-odds|).
    """
    values, expected = golden["rows"], np.array(golden["log_odds"], dtype=np.float64)
    n_rows = len(expected)
    # Labels of rows near a threshold are None, which becomes NaN.
    labels = np.array(golden["prediction"], dtype=np.float64)
    if labels.shape != expected.shape:
        raise ValueError("the golden rows have not one label each")
    singles = [
        Columns({name: [column[row]] for name, column in values.items()}, 1)
        for row in range(n_rows)
    ]
    answered = [_ask(model, Columns(values, n_rows))]
    if n_rows:
        alone = [_ask(model, single) for single in singles]
        answered.append(
            (np.concatenate([a for a, _ in alone]), np.concatenate([b for _, b in alone]))
        )
    wrong = np.zeros(n_rows, dtype=np.bool_)
    for scores, given in answered:
        close = np.abs(scores - expected) <= _TOLERANCE * np.maximum(1, np.abs(expected))
        wrong |= ~close | ((given != labels) & ~np.isnan(labels))
    if wrong.any():
        raise ModelError(
            f"the model answers {int(wrong.sum())} of its {n_rows} golden rows differently than "
            "when it was saved; install the pinned versions of its requirements, or train it again"
        )


def _ask(model: InferenceModel, rows: Columns) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the scores and labels of rows."""
    return model.log_odds(rows), model.answer(rows).prediction
