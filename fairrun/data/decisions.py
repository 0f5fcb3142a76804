"""Rows with decisions that somebody made: what an audit measures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.prepare import Rows

__all__ = ["Decisions"]


@dataclass(frozen=True)
class Decisions:
    """Rows with a decision each, and as far as they are known with scores and true labels.

    Attributes
    ----------
    frame : pandas.DataFrame
        The protected columns and all others. Numbers are float64 with NaN for a missing value. Text
        has the dtype object with None for a missing value.
    prediction : ndarray of int64, shape (n_rows,)
        The decisions, 0 or 1; 1 is the favourable outcome.
    score : ndarray of float64, shape (n_rows,), or None
        The scores, in [0, 1]; None without scores.
    label : ndarray of int64, shape (n_rows,), or None
        The true labels, 0 or 1; None if they are not known.
    weight : ndarray of float64, shape (n_rows,), or None
        The weights; None if each row counts once.
    cluster : ndarray of int64, shape (n_rows,), or None
        The number of each row's cluster; None if the rows are independent.
    notes : tuple of str
        What was decided while the rows were read, one sentence each.
    outcomes : tuple of str
        The columns of the frame that hold the decisions, scores, labels, weights and clusters, and
        those that the user named as no features.
    """

    frame: pd.DataFrame
    prediction: NDArray[np.int64]
    score: NDArray[np.float64] | None = None
    label: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None
    cluster: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of_answers(cls, answers: pd.DataFrame, rows: Rows) -> Decisions:
        """Return the answers of a model to labelled rows as decisions.

        Parameters
        ----------
        answers : pandas.DataFrame
            The column `prediction` and perhaps `probability`, with a row for each of `rows`.
        rows : Rows
            The rows.
        """
        score = answers["probability"].to_numpy(np.float64) if "probability" in answers else None
        prediction = answers["prediction"].to_numpy(np.int64)
        return cls(rows.frame, prediction, score, rows.label, rows.weight, rows.cluster)

    def digest(self) -> str:
        """Return SHA-256 of the rows, decisions, scores, labels and weights as 32 hex digits."""
        label = np.zeros(len(self), np.int64) if self.label is None else self.label
        rows = Rows(self.frame, label, self.weight, self.cluster).digest()
        sha = hashlib.sha256(rows.encode() + self.prediction.astype("<i8").tobytes())
        if self.score is not None:
            sha.update(b"\0score\0" + self.score.astype("<f8").tobytes())
        if self.label is None:
            sha.update(b"\0no labels\0")
        return sha.hexdigest()[:32]
