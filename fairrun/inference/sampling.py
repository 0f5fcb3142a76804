"""Contributions by sampling: for any score, with the standard errors of what was sampled."""

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

# Batches of orders in which the columns are revealed, each of them forwards and backwards.
_BATCHES = 8
_ORDERS = 4
_SEED = 0


@dataclass(frozen=True)
class SamplingExplainer:
    """Reveals a row's columns one after the other, starting from synthetic rows.

    A column's contribution is the mean of what it changes when it is revealed: over random orders,
    each taken forwards and backwards, and over synthetic rows from the product of the marginals.
    The group is revealed first or last. Orders and synthetic rows come in batches, and how the
    batches' means differ gives the standard errors. Every row meets the same orders and synthetic
    rows, by itself, so that its explanation is the same in any batch.

    Attributes
    ----------
    encoder : Encoder
        Knows which encoded columns are one raw column.
    transform : Transform or None
        What is done to the encoded matrix.
    scorer : Scorer
        The score.
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
        """The synthetic rows with their groups, the orders, and which columns each step knows."""
        rng = np.random.default_rng(_SEED)
        n_features = len(self.encoder.columns)
        rows = self.background.draw(self.encoder, _BATCHES, _ORDERS, rng)
        in_a = spread(_BATCHES, _ORDERS, rng) < self.background.shares[0]
        groups = np.where(in_a, GROUP_A, GROUP_B).astype(np.int8)
        forwards = np.array([[n_features, *rng.permutation(n_features)] for _ in rows])
        orders = np.stack([forwards, forwards[:, ::-1]], axis=1)
        # Step s knows the first s players of its order.
        rank = np.argsort(orders, axis=-1)
        steps = np.arange(n_features + 2)[:, np.newaxis]
        known = rank[:, :, np.newaxis, :] < steps
        return rows, groups, orders, known

    @cached_property
    def _synthetic(self) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int8], NDArray[np.bool_]]:
        """The plan laid out for scoring, one row for each step of each order."""
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
        """Explain encoded rows, shape (n_rows, n_encoded), of groups of shape (n_rows,)."""
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
