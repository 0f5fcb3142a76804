"""The rows of a `postprocess` run: scores, groups and labels, split, and the decisions before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data import (
    Dataset,
    DatasetSpec,
    DecisionsRequest,
    DecisionTable,
    PreparedRows,
    Rows,
    read_decisions,
    split_rows,
)
from fairrun.errors import RequestError
from fairrun.runs.audit import AnsweringModel
from fairrun.text import did_you_mean, listed_names

__all__ = ["ScoredRows", "read_scored"]

#: The column of the answers of a model.
_SCORE = "score"
#: A column of the rows' places while they are split.
_PLACE = "place of the row"


@dataclass(frozen=True)
class ScoredRows:
    """Rows with scores, split, and the decisions without the rule.

    Attributes
    ----------
    dataset : Dataset
        The splits. Their only feature is the score, beside the row key.
    before : dict of str to ndarray
        For each split, the decisions without the rule.
    score : str
        The column of scores.
    scored_by : str
        The URI of the model whose answers the scores are; empty for a column of the data.
    why_not_again : str
        Why the test rows cannot be read again from the source; empty if they can.
    """

    dataset: Dataset
    before: dict[str, NDArray[np.int64]]
    score: str
    scored_by: str
    why_not_again: str

    @property
    def fit(self) -> Rows:
        """The rows on which a rule is fitted: those of train and validation."""
        return _joined(*(self.dataset.splits[name] for name in ("train", "validation")))

    @property
    def test(self) -> Rows:
        """The rows on which a rule is measured."""
        return self.dataset.splits["test"]


def read_scored(
    request: DecisionsRequest, model: AnsweringModel | None, row_key: str | None
) -> ScoredRows:
    """Read the rows, their scores and the decisions before, and split them.

    Parameters
    ----------
    request : DecisionsRequest
        The table and the roles of its columns.
    model : AnsweringModel or None
        The model whose answers are the scores, in place of a column.
    row_key : str or None
        The column that identifies a row.

    Returns
    -------
    ScoredRows

    Raises
    ------
    RequestError
        If the table cannot be used, or has no scores or labels.
    """
    score, why = _SCORE, ""
    if model is None:
        if request.score is None:
            raise RequestError(
                "there are no scores to fit a rule on; give score=COLUMN, or model=URI"
            )
        score = request.score
        if request.prediction is None and request.threshold is None:
            middle = 0.5 if request.score_scale == "probability" else 0.0
            request = replace(request, threshold=middle)
        table = read_decisions(request)
    else:
        table = read_decisions(request, predict=model.predict, model_types=model.types)
        why = f"its scores are the answers of the model {model.uri}"
    if request.where is not None:
        why = why or f"its rows were chosen with where={request.where}"
    decisions = table.decisions
    if decisions.score is None:
        uri = "" if model is None else model.uri
        raise RequestError(
            f"model={uri} answers labels without probabilities, and a rule needs scores; give a "
            "model with probabilities, or a table with a column score"
        )
    if decisions.label is None:
        raise RequestError(
            "a rule is fitted on true labels; give target=COLUMN with them, and positive=VALUE"
        )
    columns = [str(name) for name in decisions.frame]
    if row_key is not None and row_key not in columns:
        nearest = did_you_mean(row_key, columns, f"the columns are {listed_names(columns)}")
        raise RequestError(f"row_key={row_key} is not a column of the data; {nearest}")
    taken = {name for names in table.request.roles.values() for name in names} | {score}
    if row_key in taken:
        raise RequestError(
            f"row_key={row_key} has another role; give a column that identifies a row, such as a "
            "number of the case, or leave row_key out"
        )
    spec = _spec(table, score, row_key)
    kept = [*([] if row_key is None else [row_key]), *(each.column for each in spec.protected)]
    missing = [name for name in kept if name not in decisions.frame]
    if missing:
        raise RequestError(
            f"the data has no column {missing[0]}; give row_key a column of the data"
        )
    values = decisions.score if model is not None else decisions.frame[score].to_numpy(np.float64)
    frame = pd.concat([pd.Series(values, name=score), decisions.frame[kept]], axis=1)
    rows = Rows(frame, decisions.label, decisions.weight, decisions.cluster)
    # The decisions before travel with the rows, so that they are split with them.
    numbered = replace(rows, frame=frame.assign(**{_PLACE: np.arange(len(frame), dtype=float)}))
    dataset = split_rows(PreparedRows(numbered, spec, table.n_dropped, decisions.notes))
    places = {
        name: split.frame[_PLACE].to_numpy(dtype=np.intp) for name, split in dataset.splits.items()
    }
    splits = {
        name: replace(split, frame=split.frame.drop(columns=_PLACE))
        for name, split in dataset.splits.items()
    }
    digests = {name: split.digest() for name, split in splits.items()}
    spec = dataset.spec.with_digests({} if why else digests)
    return ScoredRows(
        replace(dataset, splits=splits, spec=spec),
        {name: decisions.prediction[place] for name, place in places.items()},
        *(score, "" if model is None else model.uri, why),
    )


def _spec(table: DecisionTable, score: str, row_key: str | None) -> DatasetSpec:
    """Return the spec of a table of which only the score is a feature."""
    request, spec = table.request, table.spec
    used = {score, *([] if row_key is None else [row_key])}
    roles = {name for names in request.roles.values() for name in names}
    others = [str(name) for name in table.decisions.frame if name not in used | roles]
    if request.prediction is not None:
        others.append(request.prediction)
    kinds = dict(spec.types)
    types = {score: "number"} | {
        name: kinds.get(name, _kind(table.decisions.frame[name]))
        for name in [*used - {score}, *(each.column for each in spec.protected)]
        if name in table.decisions.frame
    }
    return replace(
        spec,
        target=str(request.target),
        positive=str(request.positive),
        drop=tuple(others),
        types=tuple(sorted(types.items())),
        digests=(),
    )


def _kind(column: pd.Series) -> str:
    return "number" if pd.api.types.is_numeric_dtype(column.dtype) else "category"


def _joined(first: Rows, second: Rows) -> Rows:
    """Return the rows of two splits as one."""
    frame = pd.concat([first.frame, second.frame], ignore_index=True)
    label = np.concatenate([first.label, second.label])
    weight, cluster = None, None
    if first.weight is not None and second.weight is not None:
        weight = np.concatenate([first.weight, second.weight])
    if first.cluster is not None and second.cluster is not None:
        cluster = np.concatenate([first.cluster, second.cluster])
    return Rows(frame, label, weight, cluster)
