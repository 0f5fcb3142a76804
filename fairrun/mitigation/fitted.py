"""What fitting a mitigator gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import Transform

__all__ = ["Fitted", "TrainingMatrix"]


@dataclass(frozen=True)
class TrainingMatrix:
    """The training rows as a pre-processing mitigator sees them.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_rows, n_encoded)
        The encoded features.
    label : ndarray of int64, shape (n_rows,)
        1 = the favourable outcome.
    groups : ndarray of int8, shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.
    """

    matrix: NDArray[np.float64]
    label: NDArray[np.int64]
    groups: NDArray[np.int8]


@dataclass(frozen=True)
class Fitted:
    """What a mitigator asks of the fit that follows, and what it leaves for serving.

    Attributes
    ----------
    sample_weight : ndarray of float64, shape (n_rows,), or None
        Weights for the estimator's fit.
    transform : Transform or None
        Applied to the encoded matrix, in training and at serving alike.
    """

    sample_weight: NDArray[np.float64] | None = None
    transform: Transform | None = None
