"""Scores that another system gave: read from a column, checked, and turned into decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.inference import sigmoid

__all__ = ["GivenScores", "decide_by_threshold", "read_scores", "score_notes"]

#: Log-odds beyond this would be probabilities within 1e-15 of 0 or 1.
_LARGEST_LOG_ODDS = 35


@dataclass(frozen=True)
class GivenScores:
    """Scores of rows.

    Attributes
    ----------
    given : ndarray of float64, shape (n_rows,)
        The scores on the scale on which they were given.
    probability : ndarray of float64, shape (n_rows,)
        The scores as probabilities, from 0 to 1.
    """

    given: NDArray[np.float64]
    probability: NDArray[np.float64]


def read_scores(column: pd.Series, scale: Literal["probability", "log_odds"]) -> GivenScores:
    """Return the scores in a column.

    Parameters
    ----------
    column : pandas.Series
        The column without nulls. Text that holds a number counts as this number.
    scale : {"probability", "log_odds"}
        What the scores are.

    Raises
    ------
    RequestError
        If a score is not a finite number, or a probability is outside [0, 1]. The message has the
        number of such rows, and no score.

    Examples
    --------
    >>> read_scores(pd.Series([-100.0, 0.0]), "log_odds").probability.round(3).tolist()
    [0.0, 0.5]
    >>> read_scores(pd.Series([0.2, 1.5, -3.0], name="risk"), "probability")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: score=risk has 2 of 3 values outside [0, 1]; give probabilities of
    the favourable value, or score_scale=log_odds if these are log-odds
    """
    given = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    n_rows, name = f"{len(given):,}", str(column.name)
    wrong = int((~np.isfinite(given)).sum())
    if wrong:
        raise RequestError(
            f"score={name} has {wrong:,} of {n_rows} values that are not finite numbers; correct "
            "them, name texts that mean a null in na_values, or give "
            """read='{"decimal": ","}' if they have decimal commas"""
        )
    if scale == "log_odds":
        return GivenScores(given, sigmoid(given))
    outside = int(((given < 0) | (given > 1)).sum())
    if outside:
        low, high = float(given.min()), float(given.max())
        give = "give probabilities of the favourable value"
        if low < 0 and max(-low, high) <= _LARGEST_LOG_ODDS:
            give += ", or score_scale=log_odds if these are log-odds"
        elif low >= 0 and high <= 100:
            give += ", such as a percentage divided by 100"
        raise RequestError(
            f"score={name} has {outside:,} of {n_rows} values outside [0, 1]; {give}"
        )
    return GivenScores(given, given)


def decide_by_threshold(
    scores: GivenScores, name: str, threshold: float
) -> tuple[NDArray[np.int64], str]:
    """Return the decisions, 1 for scores of at least a threshold, and a sentence that says so."""
    prediction = (scores.given >= threshold).astype(np.int64)
    said = (
        f"decision: favourable for {name} of at least {threshold:g}, "
        f"{int(prediction.sum()):,} of {len(prediction):,} rows"
    )
    return prediction, said


def score_notes(prediction: NDArray[np.int64], score: NDArray[np.float64], name: str) -> list[str]:
    """Return a warning if favourable decisions have the lower scores.

    Examples
    --------
    >>> print(*score_notes(np.array([1, 0]), np.array([0.1, 0.9]), "risk"))
    warning: rows with a favourable decision have the lower mean of score=risk; scores must be
    probabilities of the favourable value, so check favourable, or give 1 - risk
    """
    if prediction.min() == prediction.max():
        return []
    if score[prediction == 1].mean() >= score[prediction == 0].mean():
        return []
    return [
        f"warning: rows with a favourable decision have the lower mean of score={name}; scores "
        f"must be probabilities of the favourable value, so check favourable, or give 1 - {name}"
    ]
