"""Explanations of any score by sampling, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .background import Background, spread
from .encoder import Encoder
from .groups import GROUP_A, GROUP_B
from .scorer import Scorer
from .shapley import Contributions
from .transforms import Transform

__all__ = ["SamplingExplainer"]

Floats = NDArray[np.float64]

# The number of batches, and the number of random orders of the columns in a batch. Each order is
# used forwards and backwards.
_BATCHES = 8
_ORDERS = 4
_SEED = 0


@dataclass(frozen=True)
class SamplingExplainer:
    """An explainer that estimates Shapley values by sampling.

    A synthetic row from the product of the marginals gets the values of the explained row, one
    column after the other in a random order. The contribution of a column is the mean change of the
    score when its value is set, over all orders and synthetic rows. The group is the first or the
    last in each order. Orders and synthetic rows form batches, and the standard errors follow from
    the variation of the batches' means. All explained rows have the same orders and synthetic rows,
    so the explanation of a row does not depend on the other rows.

    Attributes
    ----------
    encoder : Encoder
        The encoder, which knows the encoded columns of each raw column.
    transform : Transform or None
        The transform of the encoded matrix.
    scorer : Scorer
        The score to explain.
    background : Background
        The marginals.

    References
    ----------
    J. Castro, D. Gómez and J. Tejada, "Polynomial calculation of the Shapley value based on
    sampling", Computers & Operations Research 36(5), 2009. R. Mitchell, J. Cooper, E. Frank and
    G. Holmes, "Sampling permutations for Shapley value estimation", JMLR 23, 2022 (antithetic).
    """

    encoder: Encoder
    transform: Transform | None
    scorer: Scorer
    background: Background

    @cached_property
    def _plan(self) -> tuple[Floats, NDArray[np.int8], NDArray[np.intp], NDArray[np.bool_]]:
        """The synthetic rows, their groups, the orders, and which columns are set in each step."""
        rng = np.random.default_rng(_SEED)
        n_features = len(self.encoder.columns)
        rows = self.background.draw(self.encoder, _BATCHES, _ORDERS, rng)
        in_a = spread(_BATCHES, _ORDERS, rng) < self.background.shares[0]
        groups = np.where(in_a, GROUP_A, GROUP_B).astype(np.int8)
        forwards = np.array([[n_features, *rng.permutation(n_features)] for _ in rows])
        orders = np.stack([forwards, forwards[:, ::-1]], axis=1)
        # In step s, the first s columns of the order are set.
        rank = np.argsort(orders, axis=-1)
        steps = np.arange(n_features + 2)[:, np.newaxis]
        known = rank[:, :, np.newaxis, :] < steps
        return rows, groups, orders, known

    @cached_property
    def _synthetic(self) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int8], NDArray[np.bool_]]:
        """The plan with one row for each step of each order, for scoring."""
        rows, groups, _, known = self._plan
        steps = known[0].size // known.shape[-1]
        sizes = [len(column.encoded_names) for column in self.encoder.columns]
        flat = known.reshape(-1, known.shape[-1])
        return (
            np.repeat(rows, steps, axis=0),
            np.repeat(flat[:, :-1], sizes, axis=1),
            np.repeat(groups, steps),
            flat[:, -1],
        )

    def explain(self, matrix: Floats, groups: NDArray[np.int8]) -> Contributions:
        """Return the contributions for encoded rows of shape (n_rows, n_encoded)."""
        _, _, orders, known = self._plan
        values = np.empty((len(matrix), orders.shape[-1]))
        errors = np.empty_like(values)
        for row, (encoded, group) in enumerate(zip(matrix, groups, strict=True)):
            changes = np.empty(orders.shape)
            scores = self._scores(encoded, group).reshape(known.shape[:-1])
            np.put_along_axis(changes, orders, np.diff(scores, axis=-1), axis=-1)
            of_batches = changes.reshape(_BATCHES, -1, orders.shape[-1]).mean(axis=1)
            values[row] = of_batches.mean(axis=0)
            errors[row] = of_batches.std(axis=0, ddof=1) / np.sqrt(_BATCHES)
        return Contributions(self._base_value, values, errors)

    @cached_property
    def _base_value(self) -> float:
        rows, groups, _, _ = self._plan
        return float(self._score(rows, groups).mean())

    def _scores(self, encoded: Floats, group: np.int8) -> Floats:
        synthetic, known, groups, group_known = self._synthetic
        return self._score(
            np.where(known, encoded, synthetic), np.where(group_known, group, groups)
        )

    def _score(self, matrix: Floats, groups: NDArray[np.int8]) -> Floats:
        if self.transform is not None:
            matrix = self.transform.apply(matrix, groups)
        return self.scorer.score(matrix)
