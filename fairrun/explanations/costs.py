"""How many rows may be explained and scored, so that it takes seconds whatever the model.

The numbers depend on the model alone and never on a clock: the same model and rows give the same
tables on any machine.
"""

from __future__ import annotations

from fairrun.explanations.marginals import median_row
from fairrun.inference import Chain, InferenceModel, MixtureScorer, Prototypes, Scorer

__all__ = ["rows_to_explain", "rows_to_score"]

#: Seconds to spend, on the machine that the rates below were measured on.
_TO_EXPLAIN, _TO_SCORE = 2.0, 1.0
#: More rows make nothing more precise that anybody could see; from fewer there is nothing to see.
_MOST, _FEWEST = 20_000, 32
#: Seconds to read a row; to score one, and for each number of the model that it meets there; and to
#: explain one exactly, for each number.
_READ, _SCORED, _SCORED_NUMBER, _EXACT_NUMBER = 3e-6, 1e-6, 7e-9, 1e-7
#: How often a row is scored to be explained by sampling, for each column: in 32 orders, both ways.
_ORDERS = 64


def rows_to_explain(model: InferenceModel) -> int:
    """Decide how many rows of a data set are explained.

    Raises
    ------
    InputError
        If the model holds no explanations.
    """
    if model.explain(median_row(model)).standard_errors is not None:
        n_times = _ORDERS * (len(model.encoder.columns) + 2)
        return _within(_TO_EXPLAIN, n_times * _seconds_to_score(model))
    # Where something may read the group, a row is explained as one of either.
    n_times = 1 if model.transform is None else 2
    return _within(_TO_EXPLAIN, _READ + n_times * _EXACT_NUMBER * _numbers(model))


def rows_to_score(model: InferenceModel, n_times: int) -> int:
    """Decide how many rows are scored n times, with other values of a column."""
    return _within(_TO_SCORE, n_times * (_READ + _seconds_to_score(model)))


def _seconds_to_score(model: InferenceModel) -> float:
    return _SCORED + _SCORED_NUMBER * _numbers(model)


def _within(seconds: float, each: float) -> int:
    return max(_FEWEST, min(_MOST, int(seconds / each)))


def _numbers(model: InferenceModel) -> int:
    """Count the numbers that a row meets on its way to a score."""
    links = model.transform.links if isinstance(model.transform, Chain) else (model.transform,)
    prototypes = [link.prototypes.size for link in links if isinstance(link, Prototypes)]
    return sum(prototypes) + _numbers_of(model.scorer)


def _numbers_of(scorer: Scorer) -> int:
    if isinstance(scorer, MixtureScorer):
        return sum(map(_numbers_of, scorer.members))
    return max(array.size for array in scorer.to_arrays().values())
