"""Exact contributions for linear scores and trees, without sampling.

If a transform uses the group, the contributions are Owen values with two unions, the group and the
features: the group is the first player in half of the orders and the last in the other half. For a
linear score they equal the Shapley values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .background import Background, numeric_places
from .encoder import Encoder
from .group_blocks import GroupBlocks
from .groups import GROUP_A, GROUP_B, NEITHER
from .scorer import LinearScorer
from .transforms import GroupShift, GroupStepMap, Transform
from .tree_paths import TreePaths

Floats = NDArray[np.float64]

__all__ = ["Contributions", "ExactExplainer", "LinearPart", "TreePart", "is_columnwise"]


@dataclass(frozen=True)
class Contributions:
    """The contributions to the scores of rows: score = base value + Σ contributions, in log-odds.

    Attributes
    ----------
    base_value : float
        The expected score of a row about which nothing is known.
    values : array of float64 of shape (n_rows, n_features + 1)
        The contribution of each raw feature column, and then that of the group.
    errors : array of float64 of shape (n_rows, n_features + 1), or None
        The standard errors. None means that the contributions are exact.
    """

    base_value: float
    values: Floats
    errors: Floats | None = None


class Part(Protocol):
    """The interface of explanations of rows for one given group."""

    @property
    def encoder(self) -> Encoder:
        """The encoder, which knows the encoded columns of each raw column."""

    @property
    def alike(self) -> bool:
        """Whether the groups differ only in their base values."""

    def base_value(self, group: int) -> float:
        """Return the expected score of a group."""

    def features(self, matrix: Floats, group: int) -> Floats:
        """Return the contributions of the features, of shape (n_rows, n_features)."""


@dataclass(frozen=True)
class ExactExplainer:
    """An explainer that combines the explanations for each group.

    Attributes
    ----------
    part : Part
        The explanations for a given group.
    shares : array of float64 of shape (2,)
        The shares of group_a and group_b among the training rows in either group.
    reads_group : bool
        Whether the score depends on the group.
    """

    part: Part
    shares: Floats
    reads_group: bool

    def explain(self, matrix: Floats, groups: NDArray[np.int8]) -> Contributions:
        """Return the contributions for encoded rows of shape (n_rows, n_encoded)."""
        part = self.part
        base = part.base_value(GROUP_A)
        values = np.zeros((len(matrix), len(part.encoder.columns) + 1))
        if not self.reads_group:
            values[:, :-1] = part.features(matrix, GROUP_A)
            return Contributions(base, values)
        share_a, share_b = self.shares
        base = float(share_a * base + share_b * part.base_value(GROUP_B))
        if part.alike:
            values[:, :-1] = part.features(matrix, GROUP_A)
            own_bases = np.array([part.base_value(group) for group in (GROUP_A, GROUP_B, NEITHER)])
            values[:, -1] = own_bases[groups] - base  # group −1 is the last entry
            return Contributions(base, values)
        of_a, of_b = (part.features(matrix, group) for group in (GROUP_A, GROUP_B))
        mean = share_a * of_a + share_b * of_b
        for group in (GROUP_A, GROUP_B, NEITHER):
            rows = np.flatnonzero(groups == group)
            if not rows.size:
                continue
            if group == NEITHER:
                own = part.features(matrix[rows], NEITHER)
            else:
                own = (of_a, of_b)[group][rows]
            own_base = part.base_value(group)
            values[rows, :-1] = (own + mean[rows]) / 2
            revealed_last = (own_base + own.sum(axis=1)) - (base + mean[rows].sum(axis=1))
            values[rows, -1] = (revealed_last + (own_base - base)) / 2
        return Contributions(base, values)


@dataclass(frozen=True)
class LinearPart:
    """The explanations of a linear score with transforms that map each column separately.

    The contribution of an encoded column is coefficient · (value − mean). It is exact because the
    score is a sum over the columns. If a column is transformed, value and mean are those after the
    transform.

    Attributes
    ----------
    encoder : Encoder
        The encoder, which knows the encoded columns of each raw column.
    links : tuple of Transform
        The transforms, in the order of application.
    coefficients : array of float64 of shape (2, n_encoded)
        The coefficients of the transformed columns, for each group.
    intercepts : array of float64 of shape (2,)
        The intercept of each group.
    background : Background
        The marginals.
    """

    encoder: Encoder
    links: tuple[Transform, ...]
    coefficients: Floats
    intercepts: Floats
    background: Background

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        links: tuple[Transform, ...],
        scorer: LinearScorer,
        background: Background,
    ) -> LinearPart:
        """Return the part of a scorer and its transforms; the last one may be `GroupBlocks`."""
        coefficients = np.vstack([scorer.coefficients] * 2)
        intercepts = np.full(2, scorer.intercept)
        if links and isinstance(links[-1], GroupBlocks):
            blocks = scorer.coefficients.reshape(2, -1)
            coefficients, intercepts = blocks[:, :-1], intercepts + blocks[:, -1]
            links = links[:-1]
        return cls(encoder, links, coefficients, intercepts, background)

    @cached_property
    def _expected(self) -> Floats:
        return self._means(self.links)

    def _means(self, links: tuple[Transform, ...]) -> Floats:
        """Return the means of the transformed columns for each group, of shape (2, n_encoded)."""
        means = np.empty_like(self.coefficients)
        low = np.zeros((1, len(self.background.means)))
        numeric = numeric_places(self.encoder)
        grid = self.background.expand(self.encoder)
        for group in (GROUP_A, GROUP_B):
            at_0, at_1 = (through(links, level, group)[0] for level in (low, low + 1))
            shares = self.background.means
            means[group] = (1 - shares) * at_0 + shares * at_1
            means[group, numeric] = through(links, grid, group)[:, numeric].mean(axis=0)
        return means

    @cached_property
    def _base_values(self) -> Floats:
        in_groups = self.intercepts + np.sum(self.coefficients * self._expected, axis=1)
        neutral = np.sum(self.background.shares * in_groups)
        return np.array([*in_groups, neutral])  # group −1 is the last entry

    @cached_property
    def _mapping(self) -> tuple[Transform, ...]:
        """The transforms without final shifts, which change values and means by the same number."""
        links = self.links
        while links and isinstance(links[-1], GroupShift):
            links = links[:-1]
        return links

    @cached_property
    def _offsets(self) -> Floats:
        """The sums of coefficient · mean for each raw column, of shape (2, n_features)."""
        terms = self.coefficients * self._means(self._mapping)
        sizes = [len(column.encoded_names) for column in self.encoder.columns]
        return np.add.reduceat(terms, np.cumsum([0, *sizes[:-1]]), axis=1)

    @cached_property
    def alike(self) -> bool:
        """Whether the groups differ only in their base values."""
        return not self._mapping and np.array_equal(*self.coefficients)

    def base_value(self, group: int) -> float:
        """Return the expected score of a group; −1 for neither."""
        return float(self._base_values[group])

    def features(self, matrix: Floats, group: int) -> Floats:
        """Return the contributions of the features, of shape (n_rows, n_features)."""
        if group == NEITHER:
            of_a, of_b = (self.features(matrix, group) for group in (GROUP_A, GROUP_B))
            return np.asarray(self.background.shares[0] * of_a + self.background.shares[1] * of_b)
        mapped = through(self._mapping, matrix, group)
        values = np.empty((len(matrix), len(self.encoder.columns)), order="F")
        values[:] = -self._offsets[group]
        term, place = np.empty(len(matrix)), 0
        for number, column in enumerate(self.encoder.columns):
            total = values[:, number]
            for _ in column.encoded_names:
                np.multiply(mapped[:, place], self.coefficients[group, place], out=term)
                total += term
                place += 1
        return values


@dataclass(frozen=True)
class TreePart:
    """The explanations of trees by path-dependent TreeSHAP.

    Attributes
    ----------
    encoder : Encoder
        The encoder, which knows the encoded columns of each raw column.
    transform : Transform or None
        A transform that maps each encoded column separately.
    paths : TreePaths
        The leaves of the trees.
    """

    encoder: Encoder
    transform: Transform | None
    paths: TreePaths

    @cached_property
    def _owners(self) -> NDArray[np.intp]:
        sizes = [len(column.encoded_names) for column in self.encoder.columns]
        return np.repeat(np.arange(len(sizes)), sizes)

    @property
    def alike(self) -> bool:
        """Whether the groups differ only in their base values."""
        return False

    def base_value(self, group: int) -> float:  # noqa: ARG002
        """Return the expected score, which is the same for all groups."""
        return self.paths.base_value

    def features(self, matrix: Floats, group: int) -> Floats:
        """Return the contributions of the features, of shape (n_rows, n_features)."""
        links = () if self.transform is None else (self.transform,)
        mapped = through(links, matrix, group)
        return self.paths.contributions(mapped, self._owners, len(self.encoder.columns))


def through(links: tuple[Transform, ...], matrix: Floats, group: int) -> Floats:
    """Return transformed rows, with all rows in the given group."""
    groups = np.full(len(matrix), group, dtype=np.int8)
    for link in links:
        matrix = link.apply(matrix, groups)
    return matrix


def is_columnwise(links: tuple[Transform, ...]) -> bool:
    """Return whether the transforms map each encoded column separately and keep its position."""
    return all(isinstance(link, GroupShift | GroupStepMap) for link in links)
