"""The reference of a model: what monitoring compares later rows with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.metrics import (
    AnyCounts,
    Evaluation,
    ScoreHistogram,
    WeightedCounts,
    WeightedScoreHistogram,
    counts_from_dict,
)
from fairrun.monitor.calibration import GroupCalibration, calibration_of
from fairrun.monitor.histograms import Histogram, fit_histogram
from fairrun.text import NAMED_FROM

__all__ = ["FORMAT", "GroupRates", "MeasuredBy", "Reference", "read_reference", "reference_of"]

#: The version of the format of a reference.
FORMAT = 1

AnyScores = ScoreHistogram | WeightedScoreHistogram


@dataclass(frozen=True)
class MeasuredBy:
    """The model and the run that a reference comes from.

    Attributes
    ----------
    model : str
        The URI of the model.
    model_id : str or None
        The id of the logged model; None if it has none.
    run_id : str
        The run of the evaluation.
    time : str
        When the rows were measured: ISO 8601, in UTC.
    digest : str
        The digest of the measured rows.
    """

    model: str
    model_id: str | None
    run_id: str
    time: str
    digest: str


@dataclass(frozen=True)
class GroupRates:
    """The size and the rates of one group that is shown.

    Attributes
    ----------
    protected, group : str
        A protected column or crossing and one of its groups, as the audit names them. Both are
        for all rows together: an empty text and "(all)".
    rows : int
        The number of rows.
    share : float
        The share of the group in all rows, weighted.
    base_rate, selection_rate : float
        The shares of label 1 and of prediction 1, weighted.
    """

    protected: str
    group: str
    rows: int
    share: float
    base_rate: float
    selection_rate: float


@dataclass(frozen=True)
class Reference:
    """The distributions of the rows on which a model was evaluated, by column and by group.

    There is no row in it. Each bin of a column has at least `min_cell` rows or none.

    Attributes
    ----------
    measured : MeasuredBy
        The model and the run of the evaluation.
    n_rows : int
        The number of rows.
    sum_of_weights : float or None
        The sum of the weights; None if each row counts once.
    n_clusters : int or None
        The number of clusters; None if the rows are independent. Numbers of rows in clusters vary
        more than those of independent rows.
    min_cell : int
        The fewest rows of a bin of a column.
    columns : dict of str to Histogram
        The histogram of each feature.
    groups : tuple of GroupRates
        The groups that are shown.
    calibration : tuple of GroupCalibration
        Scores against labels for the groups that are shown; empty without scores.
    counts : Counts, WeightedCounts or None
        The numbers of rows by group, label and prediction; None if the data are sensitive.
    scores : ScoreHistogram, WeightedScoreHistogram or None
        The numbers of rows by group, label and bin of the score; None if the data are sensitive or
        there are no scores.
    sensitive : bool
        Whether the data are sensitive, so that exact numbers by group and label are suppressed.
    """

    measured: MeasuredBy
    n_rows: int
    sum_of_weights: float | None
    n_clusters: int | None
    min_cell: int
    columns: dict[str, Histogram]
    groups: tuple[GroupRates, ...]
    calibration: tuple[GroupCalibration, ...]
    counts: AnyCounts | None
    scores: AnyScores | None
    sensitive: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the reference as a dictionary that JSON can represent.

        Returns
        -------
        dict
            The key `format`, and a key for each attribute. `from_dict` reads it.
        """
        return {
            "format": FORMAT,
            "measured": vars(self.measured),
            **{name: getattr(self, name) for name in _PLAIN},
            "columns": {name: each.to_dict() for name, each in self.columns.items()},
            "groups": [vars(each) for each in self.groups],
            "calibration": [each.to_dict() for each in self.calibration],
            "counts": None if self.counts is None else self.counts.to_dict(),
            "scores": None if self.scores is None else self.scores.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the reference that `to_dict` described.

        Raises
        ------
        RequestError
            If the document has another format, or is damaged.
        """
        if not isinstance(document, Mapping) or "format" not in document:
            raise RequestError(
                "the document is no reference for monitoring; give reference.json of an evaluation"
            )
        if document["format"] != FORMAT:
            raise RequestError(
                f"the reference has format {document['format']!r}, and this version of fairrun "
                f"reads format {FORMAT}; evaluate the model again with this version, or update it"
            )
        try:
            counts, scores = document["counts"], document["scores"]
            return cls(
                measured=MeasuredBy(**document["measured"]),
                columns={
                    str(name): Histogram.from_dict(each)
                    for name, each in document["columns"].items()
                },
                groups=tuple(GroupRates(**each) for each in document["groups"]),
                calibration=tuple(map(GroupCalibration.from_dict, document["calibration"])),
                counts=None if counts is None else counts_from_dict(counts),
                scores=None if scores is None else _scores_from_dict(scores),
                **{name: document[name] for name in _PLAIN},
            )
        # A file that somebody changed can hold anything in any place.
        except (KeyError, TypeError, ValueError, AttributeError, RequestError) as error:
            raise RequestError(
                f"the reference is damaged ({type(error).__name__}); evaluate the model again"
            ) from error


#: The attributes of a reference that are one number or one word.
_PLAIN = ("n_rows", "sum_of_weights", "n_clusters", "min_cell", "sensitive")


def _scores_from_dict(document: Mapping[str, Any]) -> AnyScores:
    if document.get("kind") == WeightedScoreHistogram.kind:
        return WeightedScoreHistogram.from_dict(document)
    return ScoreHistogram.from_dict(document)


def read_reference(path: str | Path) -> Reference:
    """Read the file `reference.json` of an evaluate run.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Reference

    Raises
    ------
    RequestError
        If the file cannot be read, or is no reference that this version reads.
    """
    try:
        document = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise RequestError(
            f"{path} cannot be read ({type(error).__name__}); give reference.json of an evaluation"
        ) from error
    except ValueError as error:
        raise RequestError(
            f"{path} is no JSON file; give reference.json of an evaluation"
        ) from error
    return Reference.from_dict(document)


def reference_of(
    evaluation: Evaluation,
    features: pd.DataFrame,
    measured: MeasuredBy,
    *,
    weight: NDArray[np.float64] | None,
    min_cell: int,
    sensitive: bool,
) -> Reference:
    """Make the reference of a model from the rows on which it was evaluated.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation of the rows as it is shown.
    features : DataFrame
        The features of the rows: numbers, or texts of dtype object.
    measured : MeasuredBy
        The model and the run.
    weight : array of shape (n_rows,), or None
        The weights of the rows.
    min_cell : int
        The fewest rows behind a number that is shown. A category or an edge of a column needs 5
        rows in any case, because a rarer one may be the name of a person.
    sensitive : bool
        Whether exact numbers by group and label are stored nowhere.

    Returns
    -------
    Reference
    """
    counts, scores, clusters = evaluation.counts, evaluation.scores, evaluation.audit.clusters
    fewest = max(min_cell, NAMED_FROM)
    calibration: tuple[GroupCalibration, ...] = ()
    if scores is not None and scores.labelled:
        calibration = calibration_of(scores, evaluation.hidden, min_cell, together=sensitive)
    return Reference(
        measured=measured,
        n_rows=counts.n_rows,
        sum_of_weights=counts.n if isinstance(counts, WeightedCounts) else None,
        n_clusters=None if clusters is None else clusters.clusters.n_clusters,
        min_cell=fewest,
        columns={
            str(name): fit_histogram(values, fewest, weight) for name, values in features.items()
        },
        groups=_groups_of(evaluation),
        calibration=calibration,
        counts=None if sensitive else counts,
        scores=None if sensitive else scores,
        sensitive=sensitive,
    )


def _groups_of(evaluation: Evaluation) -> tuple[GroupRates, ...]:
    """Return the groups of an evaluation whose size and rates are shown."""
    rates = evaluation.audit.rates
    size = "n_rows" if "n_rows" in rates else "n"
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in rates[rates["metric"].isin(_MARGINAL)].to_dict("records"):
        of_group = found.setdefault((row["protected"], row["group"]), {})
        of_group |= {"rows": row[size], "n": row["n"], row["metric"]: row["value"]}
    whole = float(evaluation.counts.n)
    return tuple(
        GroupRates(
            *about,
            int(each["rows"]),
            float(each["n"]) / whole,
            *(float(each[name]) for name in _MARGINAL),
        )
        for about, each in found.items()
        if len(each) == 2 + len(_MARGINAL) and not any(map(pd.isna, each.values()))
    )


#: The rates of a group that are shown if its size is.
_MARGINAL = ("base_rate", "selection_rate")
