"""Contributions that can be computed without sampling: of linear scores and of trees.

Where a transform reads the group, group and features are two unions of players: the group is
revealed first or last, each half of the time, and the features among themselves are treated as the
method treats them (the Owen value). For a linear score that is the Shapley value itself.
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
    """Why rows have their scores: score = base value + Σ contributions, in log-odds.

    Attributes
    ----------
    base_value : float
        The expected score where nothing is known of a row.
    values : ndarray of float64, shape (n_rows, n_features + 1)
        One for each raw feature column, last that of the group.
    errors : ndarray of float64, shape (n_rows, n_features + 1), or None
        Standard errors; None where nothing was sampled.
    """

    base_value: float
    values: Floats
    errors: Floats | None = None


class Part(Protocol):
    """Explains rows as if all were of one group."""

    @property
    def encoder(self) -> Encoder:
        """Knows which encoded columns are one raw column."""

    @property
    def alike(self) -> bool:
        """Whether the groups differ by their base values alone."""

    def base_value(self, group: int) -> float:
        """Give the expected score of a group."""

    def features(self, matrix: Floats, group: int) -> Floats:
        """Give the contributions of encoded rows, shape (n_rows, n_features)."""


@dataclass(frozen=True)
class ExactExplainer:
    """Puts the explanations for either group together.

    Attributes
    ----------
    part : Part
        What explains rows of one group.
    shares : ndarray of float64, shape (2,)
        The groups' shares among the training rows of either.
    reads_group : bool
        Whether the score depends on it.
    """

    part: Part
    shares: Floats
    reads_group: bool

    def explain(self, matrix: Floats, groups: NDArray[np.int8]) -> Contributions:
        """Explain encoded rows, shape (n_rows, n_encoded), of groups of shape (n_rows,)."""
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
            values[:, -1] = own_bases[groups] - base  # code −1 reads the last
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
    """A linear score of columns that are mapped each on its own, by group.

    The contribution of an encoded column is coefficient · (value − mean): exact, for the score is
    a sum over the columns. Where columns are mapped in steps, the mean is that of the mapped
    marginal.

    Attributes
    ----------
    encoder : Encoder
        Knows which encoded columns are one raw column.
    links : tuple of Transform
        Column by column, in the order in which they act.
    coefficients : ndarray of float64, shape (2, n_encoded)
        Of the mapped columns, for each group.
    intercepts : ndarray of float64, shape (2,)
        For each group.
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
        """Build from a scorer and its links, of which the last may be `GroupBlocks`."""
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
        """Give the means of the columns that links have mapped, shape (2, n_encoded)."""
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
        return np.array([*in_groups, neutral])  # code −1 reads the last

    @cached_property
    def _mapping(self) -> tuple[Transform, ...]:
        """The links without the shifts at their end, which move values and means alike."""
        links = self.links
        while links and isinstance(links[-1], GroupShift):
            links = links[:-1]
        return links

    @cached_property
    def _offsets(self) -> Floats:
        """What the means of the mapped columns come to, shape (2, n_features)."""
        terms = self.coefficients * self._means(self._mapping)
        sizes = [len(column.encoded_names) for column in self.encoder.columns]
        return np.add.reduceat(terms, np.cumsum([0, *sizes[:-1]]), axis=1)

    @cached_property
    def alike(self) -> bool:
        """Whether the groups differ by their base values alone."""
        return not self._mapping and np.array_equal(*self.coefficients)

    def base_value(self, group: int) -> float:
        """Give the expected score of a group; −1 for neither."""
        return float(self._base_values[group])

    def features(self, matrix: Floats, group: int) -> Floats:
        """Give the contributions of encoded rows, shape (n_rows, n_features)."""
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
    """Trees of columns that are mapped each on its own, by group: path-dependent TreeSHAP.

    Attributes
    ----------
    encoder : Encoder
        Knows which encoded columns are one raw column.
    transform : Transform or None
        Column by column.
    paths : TreePaths
        The trees.
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
        """Whether the groups differ by their base values alone."""
        return False

    def base_value(self, group: int) -> float:  # noqa: ARG002
        """Give the expected score: of trees that nothing is known of, whatever the group."""
        return self.paths.base_value

    def features(self, matrix: Floats, group: int) -> Floats:
        """Give the contributions of encoded rows, shape (n_rows, n_features)."""
        links = () if self.transform is None else (self.transform,)
        mapped = through(links, matrix, group)
        return self.paths.contributions(mapped, self._owners, len(self.encoder.columns))


def through(links: tuple[Transform, ...], matrix: Floats, group: int) -> Floats:
    """Transform rows as if all were of one group."""
    groups = np.full(len(matrix), group, dtype=np.int8)
    for link in links:
        matrix = link.apply(matrix, groups)
    return matrix


def is_columnwise(links: tuple[Transform, ...]) -> bool:
    """Whether each encoded column is mapped on its own, and stays in its place."""
    return all(isinstance(link, GroupShift | GroupStepMap) for link in links)
