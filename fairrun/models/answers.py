"""The answers of any model as decisions: labels, scores, and the probabilities of two classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import label_of, value_text
from fairrun.text import listed_names, n_of

__all__ = ["Answers", "read_answers"]

#: The columns that are recognised in an answer with several columns.
_PREDICTION, _SCORES = "prediction", ("probability", "score")
#: The texts of two values of which the second means yes, also if the model answers only one.
_YES_NO_VALUES = (("0", "1"), ("False", "True"))
#: A probability of at least this is a favourable decision, if nobody gives another threshold.
_THRESHOLD = 0.5
#: The largest distance of the sum of two probabilities from 1. Some models answer float32.
_SUM_IS_1 = 1e-3


@dataclass(frozen=True)
class Answers:
    """Decisions of a model, with scores if it answers any.

    Attributes
    ----------
    prediction : ndarray of int64, shape (n_rows,)
        The decisions, 0 or 1; 1 is the favourable outcome.
    probability : ndarray of float64, shape (n_rows,), or None
        The probability of the favourable outcome; None if the model answers labels only.
    notes : tuple of str
        What was decided, one sentence each.
    """

    prediction: NDArray[np.int64]
    probability: NDArray[np.float64] | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Parts:
    """What an answer consists of. `score` is for the class 1; `classes` has a column a class."""

    labels: NDArray[Any] | None = None
    score: NDArray[Any] | None = None
    classes: NDArray[Any] | None = None
    names: tuple[str, ...] = ()


def read_answers(
    given: Any,
    n_rows: int,
    *,
    positive: str | None = None,
    threshold: float | None = None,
    prediction: str | None = None,
    score: str | None = None,
    classes: Sequence[Any] | None = None,
    class_probabilities: Any = None,
) -> Answers:
    """Return the answers of a model as decisions and probabilities of the favourable outcome.

    Parameters
    ----------
    given : array, Series, DataFrame, list or None
        What the model answered: labels; numbers between 0 and 1, which are probabilities of class
        1; the probabilities of two classes, a column each; or a frame with the columns `prediction`
        and `probability` or `score`. None if only `class_probabilities` is known.
    n_rows : int
        The number of rows that the model was given.
    positive : str, optional
        The favourable value of the labels, or of the target. Labels 0 and 1, or False and True, do
        not need it: 1 and True are then favourable, and a note says so.
    threshold : float, optional
        A row is favourable if its probability is at least this. By default the model's labels
        count, and 0.5 if it has none.
    prediction, score : str, optional
        The columns with the labels and with the scores, if their names are others.
    classes : sequence, optional
        The two classes of the model, in the order of the columns of probabilities.
    class_probabilities : array of shape (n_rows, 2), optional
        Their probabilities, if the model can tell them beside its labels.

    Returns
    -------
    Answers

    Raises
    ------
    RequestError
        If there is not one answer for each row, one is missing, there are more than two classes, a
        score is not in [0, 1], or nothing says which class is favourable.

    Examples
    --------
    >>> read_answers(["no", "yes"], 2, positive="yes").prediction
    array([0, 1])
    >>> read_answers([0.2, 0.5], 2)
    Answers(prediction=array([0, 1]), probability=array([0.2, 0.5]), notes=('the model answers \
probabilities, so threshold=0.5 makes the decisions',))
    """
    names = None if classes is None else tuple(map(value_text, classes))
    if names is not None and len(names) != 2:
        raise RequestError(f"the model has {n_of(len(names), 'class', 'classes')}; {_TWO}")
    parts = _Parts() if given is None else _parts(given, prediction, score, names)
    if class_probabilities is not None and names is not None:
        # Labels are kept: a model can decide otherwise than by the larger probability.
        parts = _Parts(parts.labels, None, np.asarray(class_probabilities), names)
    for values in (parts.labels, parts.score, parts.classes):
        if values is not None:
            _check_rows(values, n_rows)
    notes: list[str] = []
    favourable = _favourable(parts, names, positive, notes)
    probability = _probability(parts, favourable)
    if threshold is not None or parts.labels is None:
        if probability is None:
            raise RequestError(
                f"threshold={threshold} cannot be used, because the model answers labels and no "
                "probabilities; leave it out"
            )
        if threshold is None:
            notes.append(
                f"the model answers probabilities, so threshold={_THRESHOLD} makes the decisions"
            )
        elif parts.labels is not None:
            notes.append(f"threshold={threshold} makes the decisions, not the model's own labels")
        limit = _THRESHOLD if threshold is None else threshold
        return Answers((probability >= limit).astype(np.int64), probability, tuple(notes))
    texts, codes = _texts(parts.labels)
    decided = np.array([text == favourable for text in texts], dtype=np.int64)[codes]
    if parts.score is not None and probability is not None:
        _check_direction(decided, probability)
    return Answers(decided, probability, tuple(notes))


_TWO = "fairrun measures decisions between two classes"
_WHICH = "nothing says which one is favourable; give positive="


def _parts(
    given: Any, prediction: str | None, score: str | None, names: tuple[str, ...] | None
) -> _Parts:
    """Return the parts of an answer, by its shape, its names and its values."""
    is_records = isinstance(given, list) and bool(given) and isinstance(given[0], dict)
    if isinstance(given, dict) or is_records:
        given = pd.DataFrame(given)
    if isinstance(given, pd.DataFrame):
        return _of_frame(given, prediction, score, names)
    for parameter, name in (("prediction", prediction), ("score", score)):
        if name is not None:
            raise RequestError(
                f"{parameter}={name} names a column, but the answers of the model have no names of "
                f"columns; leave {parameter} out"
            )
    try:
        values = np.asarray(given)
    except ValueError:  # lists of different lengths
        values = np.empty((0, 0, 0))
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1:
        return _of_column(values)
    if values.ndim != 2:
        raise _neither()
    if values.shape[1] != 2:
        raise RequestError(f"the model answers {values.shape[1]} columns; {_TWO}")
    return _Parts(classes=values, names=names or ())


def _of_frame(
    frame: pd.DataFrame, prediction: str | None, score: str | None, names: tuple[str, ...] | None
) -> _Parts:
    columns = [str(name) for name in frame.columns]
    frame = frame.set_axis(columns, axis=1)
    for parameter, name in (("prediction", prediction), ("score", score)):
        if name is not None and columns.count(name) != 1:
            raise RequestError(
                f"{parameter}={name} is not a column of the model's answers; they have "
                f"{listed_names(columns)}"
            )
    if len(columns) == 1:
        return _of_column(frame[columns[0]].to_numpy())
    label = prediction or (_PREDICTION if _PREDICTION in columns else None)
    scores = score or next((name for name in _SCORES if name in columns), None)
    if label is not None or scores is not None:
        labels = None if label is None else _of_column(frame[label].to_numpy())
        if labels is not None and labels.labels is None and scores is None:
            return labels
        return _Parts(
            labels=None if label is None else frame[label].to_numpy(),
            score=None if scores is None else frame[scores].to_numpy(),
        )
    if len(columns) == 2 and all(map(pd.api.types.is_numeric_dtype, frame.dtypes)):
        if names is not None and {*names} == {*columns}:
            columns = [*names]
        return _Parts(classes=frame[columns].to_numpy(), names=tuple(columns))
    raise RequestError(
        f"the model answers the columns {listed_names(columns)}; give prediction= for the one with "
        "its labels, or score= for the one with its probabilities"
    )


def _of_column(values: NDArray[Any]) -> _Parts:
    """Return one value a row as labels, or as a score if it has fractions between 0 and 1."""
    if values.dtype.kind == "f":
        distinct = np.unique(values[~np.isnan(values)])
        in_range = distinct.size > 0 and distinct[0] >= 0 and distinct[-1] <= 1
        if (in_range and not np.isin(distinct, (0, 1)).all()) or distinct.size > 2:
            return _Parts(score=values)
    return _Parts(labels=values)


def _check_rows(values: NDArray[Any], n_rows: int) -> None:
    if len(values) != n_rows:
        raise RequestError(
            f"the model answers {n_of(len(values), 'row')} for {n_rows:,}; give a model that "
            "answers each row"
        )
    missing = pd.isna(pd.DataFrame(values)).any(axis=1)
    if missing.any():
        raise RequestError(
            f"the model has no answer for {int(missing.sum()):,} of {n_of(n_rows, 'row')}; leave "
            "these rows out, or give a model that answers them"
        )


def _favourable(
    parts: _Parts, names: tuple[str, ...] | None, positive: str | None, notes: list[str]
) -> str:
    """Return the favourable class as text, which is looked up and never guessed from its place."""
    values = names or parts.names
    answered = () if parts.labels is None else _texts(parts.labels)[0]
    if values and not {*answered} <= {*values}:
        said = listed_names(list(values))
        raise RequestError(
            f"the labels that the model answers are not its classes ({said}); give a model that "
            "answers its classes"
        )
    values = values or tuple(sorted({*answered}))
    if not values and parts.classes is not None:
        values = _YES_NO_VALUES[0]
        if positive is None or label_of(values, positive) is None:
            raise RequestError(
                "the model answers two columns without names; give positive=0 or positive=1 for "
                "the column of the favourable outcome, counted from 0"
            )
    if not values:  # a score alone is for the class 1
        values = _YES_NO_VALUES[0]
    if len(values) > 2:
        raise RequestError(f"the model answers {len(values):,} different values; {_TWO}")
    pair = next((pair for pair in _YES_NO_VALUES if {*values} <= {*pair}), None)
    known = pair or values
    found = None if positive is None else label_of(known, positive)
    if found is not None:
        return found
    if pair is not None:
        if positive is not None:
            notes.append(
                f"the model's class {pair[1]} is taken as {positive}; if that is {pair[0]}, give "
                f"favourable={pair[0]}"
            )
        return pair[1]
    said = listed_names(list(values))
    if positive is None:
        raise RequestError(f"the model answers {said}, and {_WHICH} with one of them")
    raise RequestError(f"positive={positive} is not among the answers of the model ({said})")


def _probability(parts: _Parts, favourable: str) -> NDArray[np.float64] | None:
    """Return the probability of the favourable outcome; None if the model answers labels only."""
    if parts.classes is not None:
        both = _numbers(parts.classes)
        if np.abs(both.sum(axis=1) - 1).max(initial=0) > _SUM_IS_1:
            raise RequestError(
                "the two columns that the model answers are no probabilities of two classes, "
                "because their sum is not 1; name them with prediction= and score="
            )
        names = parts.names or _YES_NO_VALUES[0]
        return np.ascontiguousarray(both[:, names.index(favourable)])
    if parts.score is None:
        return None
    score = _numbers(parts.score)
    is_other = parts.labels is None and favourable in ("0", "False")
    return 1 - score if is_other else score


def _texts(labels: NDArray[Any]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Return the texts of the distinct labels, and the place of each row's label among them."""
    try:
        codes, distinct = pd.factorize(labels)
    except TypeError:  # lists and the like
        raise _neither() from None
    return tuple(value_text(each) for each in distinct), codes


def _check_direction(decided: NDArray[np.int64], probability: NDArray[np.float64]) -> None:
    """Refuse scores that are lower where the decision is favourable."""
    means = [probability[decided == each].mean() for each in (0, 1) if (decided == each).any()]
    if len(means) == 2 and means[1] < means[0]:
        raise RequestError(
            "the scores of the model are lower where its decision is favourable, so they are of "
            "the other outcome, or of the decision that was made; give a model that answers the "
            "probability of the favourable outcome, or labels only"
        )


def _neither() -> RequestError:
    return RequestError(
        "the model answers neither labels nor probabilities; give a model that answers one label "
        "or probability a row"
    )


def _numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise RequestError(
            "the model answers text where probabilities are expected; give score= for the column "
            "with numbers"
        ) from None
    outside = int((~((numbers >= 0) & (numbers <= 1))).sum())
    if outside:
        raise RequestError(
            f"{outside:,} of {numbers.size:,} scores of the model are below 0 or above 1; give a "
            "model that answers probabilities or labels"
        )
    return numbers
