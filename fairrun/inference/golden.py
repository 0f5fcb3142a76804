"""Golden answers: synthetic rows whose answers travel with the model and are checked at load."""

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
# A golden label must not hang on the last bits of a score, which may differ between machines.
_DISTANCE_TO_THRESHOLD = 1e-6


def make_golden(model: InferenceModel, seed: int = 0) -> dict[str, Any]:
    """Draw synthetic rows from what the encoder knows, and answer them.

    Numbers lie within three standard deviations of the mean, categories and groups are drawn
    uniformly from the known ones; so no row is anybody's.

    Parameters
    ----------
    model : InferenceModel
        The model to answer.
    seed : int
        Seeds the draw.

    Returns
    -------
    dict
        `rows` (column to list), `log_odds` and `prediction`.
    """
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {column.name: _draw(column, rng) for column in model.encoder.columns}, dtype=object
    )
    if model.groups is not None:
        values: list[Any] = [*model.groups.group_a, *model.groups.group_b, None]
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
    places = rng.integers(len(column.categories), size=_ROWS)
    return [column.categories[place] for place in places]


def check_golden(model: InferenceModel, golden: dict[str, Any]) -> None:
    """Check that the model answers its golden rows as it did when it was saved.

    Parameters
    ----------
    model : InferenceModel
        The loaded model.
    golden : dict
        What `make_golden` gave.

    Raises
    ------
    ModelError
        If a label differs, or a score by more than 1e-12 of its size.
    """
    rows = pd.DataFrame(golden["rows"], dtype=object)
    labels = model.predict(rows)["prediction"].to_numpy()
    expected = np.asarray(golden["log_odds"], dtype=np.float64)
    close = np.abs(model.log_odds(rows) - expected) <= _TOLERANCE * np.maximum(1, np.abs(expected))
    wrong = int(np.sum((labels != np.asarray(golden["prediction"])) | ~close))
    if wrong:
        raise ModelError(
            f"{wrong} of {len(rows)} golden rows are not answered as when the model was saved; "
            "install the pinned versions of the model's requirements, or train it again"
        )
