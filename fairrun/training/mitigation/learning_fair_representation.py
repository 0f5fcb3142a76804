"""Fit learning fair representations: each row becomes a mixture of prototypes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fairrun.inference import GROUP_A, GROUP_B, Prototypes
from fairrun.training.mitigation.fitted import Fitted, TrainingMatrix

__all__ = ["RepresentationLoss", "fit_learning_fair_representation", "minimise"]

# As in holisticai, probabilities are clipped to this value before their logarithm is taken.
_LEAST = float(np.finfo(np.float64).eps)

# The smoothing of the absolute difference of two shares, which lies from 0 to 1.
_SMOOTHINGS = (1e-2, 1e-3, 1e-4)

# This number of rows is enough to come near the minimum. The last descent, on all rows, then needs
# only this share of the iterations.
_SAMPLE = 4000
_LAST_SHARE = 0.25


def fit_learning_fair_representation(
    train: TrainingMatrix,
    seed: int,
    k: int = 10,
    Ax: float = 0.1,
    Ay: float = 1.0,
    Az: float = 50.0,
    maxiter: int = 100,
) -> Fitted:
    """Minimise holisticai's objective in float64 with its exact gradient.

    Each row becomes a mixture of `k` prototypes. The prototypes are placed so that the mixtures
    resemble the rows (`Ax`) and predict the label (`Ay`), and so that the average share of each
    prototype is similar in both groups (`Az`). The initial values are uniform from 0 to 1, as in
    holisticai.

    All rows have the same map, including rows in neither group. holisticai does not change those.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows. Rows in neither group count only in the prediction error. If the rows
        have weights, all means are weighted.
    seed : int
        The seed of the initial values.
    k : int
        The number of prototypes.
    Ax, Ay, Az : float
        The weights of the reconstruction error, of the prediction error, and of the difference
        between the groups.
    maxiter : int
        The largest number of iterations at each smoothing level; see `minimise`.

    Returns
    -------
    Fitted
        Its transform is a `Prototypes`. The estimator is fitted on the mixtures.

    Notes
    -----
    The defaults were chosen on UCI Adult with sex protected, with 27,132 training and 9,045
    validation rows and five seeds (statistical parity is group_a − group_b, with Male as group_a;
    disparate impact is a / b):

    ===============  ==============  ================  ==================  =============
    model            accuracy        disparate impact  statistical parity  selected rows
    ===============  ==============  ================  ==================  =============
    defaults         0.818 to 0.821  0.97 to 1.01      −0.006 to 0.001     16 %
    k = 5, Ax = .01  0.812           0.91
    unmitigated      0.844           2.99              0.179               21 %
    ===============  ==============  ================  ==================  =============

    `k` = 5 and `Ax` = 0.01 are holisticai's defaults. With `Az` = 5 the disparate impact depends on
    the seed, from 1.0 to 1.2. In holisticai's own fit the gradient is lost in float32, so that the
    descent stays at the initial values and selects 3 % of the rows.

    References
    ----------
    R. Zemel et al., "Learning fair representations", ICML 2013, equations 2 to 11; the distance is
    holisticai's, Euclidean and unweighted.
    """
    start = np.random.default_rng(seed).uniform(size=k + k * train.matrix.shape[1])
    found = minimise(train, start, k, Ax, Ay, Az, maxiter)
    return Fitted(transform=Prototypes(found[k:].reshape(k, -1)))


def minimise(
    train: TrainingMatrix,
    start: NDArray[np.float64],
    k: int,
    Ax: float,
    Ay: float,
    Az: float,
    maxiter: int,
) -> NDArray[np.float64]:
    """Minimise the objective by L-BFGS-B with less and less smoothing.

    The difference between the groups is a sum of absolute values. A descent can get stuck at a
    point where one of them is not differentiable, so they are smoothed. The descents use a sample
    of the rows, except for the last one, which is short and uses all rows.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows.
    start : array of float64 of shape (k + k · n_encoded,)
        The initial parameters, in the order of `RepresentationLoss`.
    k, Ax, Ay, Az, maxiter
        See `fit_learning_fair_representation`.

    Returns
    -------
    array of float64 of shape (k + k · n_encoded,)
        The parameters at the minimum.
    """
    found = start
    from scipy.optimize import minimize  # slow to import, and only fits need it

    sample, last = _sample(train), _SMOOTHINGS[-1]
    descents = [(sample, smoothing, maxiter) for smoothing in _SMOOTHINGS]
    descents.append((train, last, max(1, round(_LAST_SHARE * maxiter))))
    # With more threads, the order of summation would depend on the number of cores.
    with threadpool_limits(1, user_api="blas"):
        for rows, smoothing, iterations in descents:
            found = minimize(
                RepresentationLoss(rows, k, Ax, Ay, Az, smoothing),
                found,
                method="L-BFGS-B",
                jac=True,
                bounds=[(0.0, 1.0)] * k + [(None, None)] * (len(start) - k),
                options={"maxiter": iterations},
            ).x
    return np.asarray(found)


def _sample(train: TrainingMatrix) -> TrainingMatrix:
    """Return every n-th row of each group; n is 1 for fewer than twice `_SAMPLE` rows."""
    step = max(1, len(train.label) // _SAMPLE)
    groups = np.unique(train.groups)
    rows = np.concatenate([np.flatnonzero(train.groups == group)[::step] for group in groups])
    return train.take(rows)


class RepresentationLoss:
    """The objective Ax · Lx + Ay · Ly + Az · Lz of holisticai, with its gradient.

    The share of prototype k in row i is m[k, i] = softmax over k of −|x[i] − prototype[k]|. The
    mixture is x̂[i] = Σ m[k, i] · prototype[k] and the probability ŷ[i] = Σ m[k, i] · w[k].

    - Lx is the mean of (x̂ − x)² in group_a plus the mean in group_b.
    - Ly is the log loss of ŷ.
    - Lz is the mean over k of |mean of m[k] in group_b − mean of m[k] in group_a|.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows.
    k : int
        The number of prototypes.
    Ax, Ay, Az : float
        The weights of the reconstruction error, of the prediction error, and of the difference
        between the groups.
    smoothing : float
        δ, by which |gap| becomes √(gap² + δ²). With 0, this is holisticai's objective.
    """

    def __init__(
        self,
        train: TrainingMatrix,
        k: int,
        Ax: float,
        Ay: float,
        Az: float,
        smoothing: float = 0.0,
    ) -> None:
        self.k, self.Ax, self.Ay, self.Az, self.smoothing = k, Ax, Ay, Az, smoothing
        # Rows are the last axis of all arrays here, as in the memory layout of the encoder.
        self._x = np.ascontiguousarray(train.matrix.T)
        self._x_squared = np.einsum("ji,ji->i", self._x, self._x)
        self._positive = train.label == 1
        # Sums weighted by these are means over a group.
        weight = train.weight
        members = [
            (train.groups == group) * (1 if weight is None else weight)
            for group in (GROUP_A, GROUP_B)
        ]
        in_a, in_b = (member / np.sum(member) for member in members)
        # The share of each row in a mean over all rows; None if all rows have the same.
        self._share = None if weight is None else weight / weight.sum()
        self._error_weight = (in_a + in_b) / len(self._x)
        self._gap_weight = in_b - in_a
        # These arrays are reused, because allocating them takes as long as filling them.
        self._work = np.empty((4, k, len(train.label)))

    def __call__(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the value and the gradient of the objective.

        Parameters
        ----------
        parameters : array of float64 of shape (k + k · n_encoded,)
            w of shape (k,), followed by the prototypes of shape (k, n_encoded).

        Returns
        -------
        value : float
            The objective.
        gradient : array of float64 of shape (k + k · n_encoded,)
            Its gradient, in the order of the parameters.
        """
        w, prototypes = parameters[: self.k], parameters[self.k :].reshape(self.k, -1)
        x, positive = self._x, self._positive
        dot, distance, m, toward = self._work
        gram = prototypes @ prototypes.T

        # |x − p|² is expanded, so that only two matrix products read the rows: this one and that
        # of the gradient.
        np.matmul(prototypes, x, out=dot)
        np.multiply(dot, -2.0, out=distance)
        distance += self._x_squared
        distance += np.diag(gram)[:, None]
        np.maximum(distance, _LEAST, out=distance)
        np.sqrt(distance, out=distance)
        np.subtract(np.min(distance, axis=0), distance, out=m)
        np.exp(m, out=m)
        m /= np.sum(m, axis=0)

        np.matmul(gram, m, out=toward)
        toward -= dot  # prototype · (x̂ − x)
        error = self._x_squared + _sums(m, toward) - _sums(m, dot)
        observed = np.where(positive, w @ m, (1.0 - w) @ m)  # probability of the row's own label
        clipped = np.maximum(observed, _LEAST)
        gap = m @ self._gap_weight
        size = np.hypot(gap, self.smoothing)
        value = (
            self.Ax * (self._error_weight @ error)
            - self.Ay * self._mean(np.log(clipped))
            + self.Az * np.mean(size)
        )

        by_error = 2.0 * self.Ax * self._error_weight
        of_row = self.Ay / x.shape[1] if self._share is None else self.Ay * self._share
        by_y = np.where(positive, -1.0, 1.0) / clipped * (observed > _LEAST) * of_row
        by_gap = gap / np.maximum(size, np.finfo(np.float64).tiny) * (self.Az / self.k)
        by_m = toward
        by_m *= by_error
        by_m += np.multiply(w[:, None], by_y, out=dot)
        by_m += np.multiply(by_gap[:, None], self._gap_weight, out=dot)
        # The chain rule through the softmax and the distance: ∂|x − p| / ∂p = (p − x) / |x − p|.
        pull = np.subtract(_sums(m, by_m), by_m, out=by_m)
        pull *= m
        pull /= distance
        held = np.multiply(m, by_error, out=dot)
        by_prototypes = np.sum(pull, axis=1)[:, None] * prototypes + (held @ m.T) @ prototypes
        pull += held
        by_prototypes -= pull @ x.T
        return float(value), np.concatenate([m @ by_y, by_prototypes.ravel()])

    def _mean(self, values: NDArray[np.float64]) -> float:
        """Return the (weighted) mean over all rows."""
        return float(np.mean(values) if self._share is None else self._share @ values)


def _sums(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each row, the sum over the prototypes of the product of two arrays."""
    return np.asarray(np.einsum("ki,ki->i", one, other))
