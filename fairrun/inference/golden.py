"""Golden answers: synthetic rows with their answers, which are checked when a model is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .encoder import Categorical, Numeric
from .errors import ModelError
from .model import InferenceModel

__all__ = ["check_golden", "make_golden"]

_ROWS = 32
_TOLERANCE = 1e-12
# The last bits of a score may differ between machines, and golden labels must not depend on them.
_DISTANCE_TO_THRESHOLD = 1e-6


def make_golden(model: InferenceModel, seed: int = 0) -> dict[str, Any]:
    """Return random synthetic rows with the model's answers.

    Numbers are uniform within three standard deviations of the mean. Categories and protected
    values are uniform over the named ones and one that is not named. No row is a row of the
    training data.

    Parameters
    ----------
    model : InferenceModel
        The model that answers.
    seed : int
        The seed of the random numbers.

    Returns
    -------
    dict
        `rows` (a list by column), `log_odds` and `prediction`. Rows near a threshold are left out.
    """
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {column.name: _draw(column, rng) for column in model.encoder.columns}, dtype=object
    )
    if model.groups is not None:
        values: list[Any] = [*model.groups.examples, None]
        rows[model.groups.column] = pd.Series(
            [values[place] for place in rng.integers(len(values), size=_ROWS)], dtype=object
        )
    if model.draws is not None and model.draws.row_key is not None:
        is_text = model.draws.row_key_is_text
        rows[model.draws.row_key] = pd.Series(
            [str(row) if is_text else float(row) for row in range(_ROWS)], dtype=object
        )
    clear = model.distance(rows) > _DISTANCE_TO_THRESHOLD
    rows = rows[clear].reset_index(drop=True)
    return {
        "rows": rows.to_dict(orient="list"),
        "log_odds": model.log_odds(rows).tolist(),
        "prediction": model.predict(rows)["prediction"].tolist(),
    }


def _draw(column: Numeric | Categorical, rng: np.random.Generator) -> list[Any]:
    if isinstance(column, Numeric):
        spread = rng.uniform(-3.0, 3.0, size=_ROWS)
        return [float(value) for value in column.mean + column.scale * spread]
    labels = column.labels
    return [labels[place] for place in rng.integers(len(labels), size=_ROWS)]


def check_golden(model: InferenceModel, golden: dict[str, Any]) -> None:
    """Check that a model gives the same answers to its golden rows as when it was saved.

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
    rows = pd.DataFrame(golden["rows"], dtype=object)
    labels = model.predict(rows)["prediction"].to_numpy()
    expected = np.asarray(golden["log_odds"], dtype=np.float64)
    close = np.abs(model.log_odds(rows) - expected) <= _TOLERANCE * np.maximum(1, np.abs(expected))
    wrong = int(np.sum((labels != np.asarray(golden["prediction"])) | ~close))
    if wrong:
        raise ModelError(
            f"the model answers {wrong} of its {len(rows)} golden rows differently than when it "
            "was saved; install the pinned versions of its requirements, or train it again"
        )
