"""Explanations: the contribution of each raw column to the log-odds of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .background import Background
from .chain import links_of
from .encoder import Encoder
from .errors import InputError
from .group_blocks import GroupBlocks
from .mixture import MixtureScorer
from .sampling import SamplingExplainer
from .scorer import LinearScorer, Scorer
from .shapley import Contributions, ExactExplainer, LinearPart, TreePart, is_columnwise
from .transforms import Transform
from .tree_paths import TreePaths
from .trees import TreeScorer

__all__ = ["Explainer", "Explanations", "make_explainer"]


class Explainer(Protocol):
    """The interface of explainers."""

    def explain(self, matrix: NDArray[np.float64], groups: NDArray[np.int8]) -> Contributions:
        """Return the contributions for encoded rows of shape (n_rows, n_encoded)."""


@dataclass(frozen=True)
class Explanations:
    """Explanations of rows: log-odds of `probability` = base value + Σ contributions.

    Attributes
    ----------
    columns : tuple of str
        The raw columns: features in the order of the signature, then the protected column if the
        model uses it in prediction.
    base_value : float
        The expected log-odds of a row about which nothing is known.
    contributions : array of float64 of shape (n_rows, n_columns)
        The contributions of the columns, in log-odds.
    standard_errors : array of float64 of shape (n_rows, n_columns), or None
        The standard errors of the contributions. None means that the contributions are exact.
    distances : array of float64 of shape (n_rows,), or None
        The log-odds minus the threshold of the row's group. None means that the decision has no
        threshold.
    """

    columns: tuple[str, ...]
    base_value: float
    contributions: NDArray[np.float64]
    standard_errors: NDArray[np.float64] | None
    distances: NDArray[np.float64] | None

    def plain(self) -> list[list[float]]:
        """Return the contributions as a list for each row, in the order of the columns."""
        rows: list[list[float]] = self.contributions.tolist()
        return rows

    def to_dicts(self, top_k: int = 0) -> list[dict[str, Any]]:
        """Return the explanation of each row as a dictionary that JSON can represent.

        Parameters
        ----------
        top_k : int, default 0
            The number of contributions to return. The largest by absolute value come first, and
            `rest` is the sum of the others. 0 returns all, in the order of the columns.

        Returns
        -------
        list of dict
            A dictionary for each row with `base_value` and `contributions` by column. If they
            exist, it also has `rest`, `standard_errors` by column, and `distance_to_threshold`.

        Raises
        ------
        InputError
            If top_k is negative.
        """
        if top_k < 0:
            raise InputError("top_k is negative; give a number of columns, or 0 for all")
        values, columns = self.plain(), self.columns
        errors = None if self.standard_errors is None else self.standard_errors.tolist()
        if 0 < top_k < len(columns):
            explained = self._largest(values, errors, top_k)
        else:
            # Both have the same length. A strict zip would check it for each row and take longer.
            explained = [
                {"base_value": self.base_value, "contributions": dict(zip(columns, own))}  # noqa: B905
                for own in values
            ]
            if errors is not None:
                for said, own in zip(explained, errors, strict=True):
                    said["standard_errors"] = dict(zip(columns, own, strict=True))
        if self.distances is not None:
            for said, distance in zip(explained, self.distances.tolist(), strict=True):
                said["distance_to_threshold"] = distance
        return explained

    def _largest(
        self, values: list[list[float]], errors: list[list[float]] | None, top_k: int
    ) -> list[dict[str, Any]]:
        order = np.argsort(-np.abs(self.contributions), axis=1, kind="stable").tolist()
        explained: list[dict[str, Any]] = []
        for row, (own, places) in enumerate(zip(values, order, strict=True)):
            kept = places[:top_k]
            said: dict[str, Any] = {
                "base_value": self.base_value,
                "contributions": {self.columns[place]: own[place] for place in kept},
                "rest": float(sum(own[place] for place in places[top_k:])),
            }
            if errors is not None:
                said["standard_errors"] = {self.columns[p]: errors[row][p] for p in kept}
            explained.append(said)
        return explained


def make_explainer(
    encoder: Encoder, transform: Transform | None, scorer: Scorer, background: Background
) -> Explainer:
    """Return an exact explainer of a model if there is one, or else a sampling explainer.

    Parameters
    ----------
    encoder : Encoder
        The function from raw rows to the encoded matrix.
    transform : Transform or None
        The transform of the encoded matrix.
    scorer : Scorer
        The function from the encoded matrix to log-odds.
    background : Background
        The summary of the training rows that a row is compared with.

    Returns
    -------
    Explainer
    """
    while isinstance(scorer, MixtureScorer) and len(scorer.members) == 1:
        (scorer,) = scorer.members
    links = links_of(transform)
    reads_group = bool(links)
    if isinstance(scorer, LinearScorer):
        mapping = links[:-1] if links and isinstance(links[-1], GroupBlocks) else links
        if is_columnwise(mapping):
            linear = LinearPart.of(encoder, links, scorer, background)
            return ExactExplainer(linear, background.shares, reads_group)
    if isinstance(scorer, TreeScorer) and scorer.cover is not None and is_columnwise(links):
        trees = TreePart(encoder, transform, TreePaths.of(scorer))
        return ExactExplainer(trees, background.shares, reads_group)
    return SamplingExplainer(encoder, transform, scorer, background)
