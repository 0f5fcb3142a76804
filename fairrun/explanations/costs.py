"""The number of rows to explain and to score, so that every model takes only seconds.

The numbers depend only on the model and not on a clock, so the same model and rows give the same
tables on every machine.
"""

from __future__ import annotations

from fairrun.explanations.marginals import median_row
from fairrun.inference import Chain, InferenceModel, MixtureScorer, Prototypes, Scorer

__all__ = ["rows_to_explain", "rows_to_score"]

#: The time budget in seconds, on the machine where the rates below were measured.
_TO_EXPLAIN, _TO_SCORE = 2.0, 1.0
#: The limits of the number of rows. More rows do not improve a plot, and fewer show nothing.
_MOST, _FEWEST = 20_000, 32
#: Seconds to read a row; to score a row; to score a row, for each number of the model that is used;
#: to explain a row exactly, for each number.
_READ, _SCORED, _SCORED_NUMBER, _EXACT_NUMBER = 3e-6, 1e-6, 7e-9, 1e-7
#: The number of scores per column to explain a row by sampling: 32 orders, in both directions.
_ORDERS = 64


def rows_to_explain(model: InferenceModel) -> int:
    """Return the number of rows of a data set to explain.

    Raises
    ------
    InputError
        If the model was saved without the numbers that explanations need.
    """
    if model.explain(median_row(model)).standard_errors is not None:
        n_times = _ORDERS * (len(model.encoder.columns) + 2)
        return _within(_TO_EXPLAIN, n_times * _seconds_to_score(model))
    # If a transform may read the group, a row is explained once for each group.
    n_times = 1 if model.transform is None else 2
    return _within(_TO_EXPLAIN, _READ + n_times * _EXACT_NUMBER * _numbers(model))


def rows_to_score(model: InferenceModel, n_times: int) -> int:
    """Return the number of rows to score `n_times`, each time with another value of a column."""
    return _within(_TO_SCORE, n_times * (_READ + _seconds_to_score(model)))


def _seconds_to_score(model: InferenceModel) -> float:
    return _SCORED + _SCORED_NUMBER * _numbers(model)


def _within(seconds: float, each: float) -> int:
    return max(_FEWEST, min(_MOST, int(seconds / each)))


def _numbers(model: InferenceModel) -> int:
    """Return the count of the model's numbers that are used to score a row."""
    links = model.transform.links if isinstance(model.transform, Chain) else (model.transform,)
    prototypes = [link.prototypes.size for link in links if isinstance(link, Prototypes)]
    return sum(prototypes) + _numbers_of(model.scorer)


def _numbers_of(scorer: Scorer) -> int:
    if isinstance(scorer, MixtureScorer):
        return sum(map(_numbers_of, scorer.members))
    return max(array.size for array in scorer.to_arrays().values())
