"""Fit a post-processing mitigator on scores that another model computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import Protected, group_lookup
from fairrun.inference import Encoder, GivenScore, InferenceModel, Numeric, RowDraws
from fairrun.training.background import fit_background
from fairrun.training.mitigation import MITIGATORS, Mitigation, ScoredRows, resolve_mitigator
from fairrun.training.mitigation.simplest import simplest_rule
from fairrun.training.rare_groups import without_rare_values

__all__ = ["fit_score_rule", "resolve_postprocessor"]


def resolve_postprocessor(name: str, parameters: Mapping[str, object] | None = None) -> Mitigation:
    """Return a post-processing mitigator with checked parameters.

    Raises
    ------
    RequestError
        If the mitigator does not work on scores alone, or a parameter is unknown.

    Examples
    --------
    >>> resolve_postprocessor("group_thresholds").stage
    'post'
    """
    mitigation = resolve_mitigator(name, parameters)
    if mitigation.stage != "post":
        names = [row.name for row in MITIGATORS.values() if row.stage == "post"]
        raise RequestError(
            f"mitigator={name} needs the features, and there are only scores; give one of "
            f"{', '.join(names)}"
        )
    return mitigation


def fit_score_rule(
    frame: pd.DataFrame,
    label: NDArray[np.int64],
    score: str,
    protected: Protected,
    mitigation: Mitigation,
    *,
    is_log_odds: bool = False,
    weight: NDArray[np.float64] | None = None,
    row_key: str | None = None,
    min_frequency: int = 5,
    seed: int = 0,
) -> InferenceModel:
    """Fit a rule from scores and groups to labels.

    The scores should be of rows that their model was not trained on. Otherwise they are too good,
    and the rule keeps its constraint on these rows only.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows, with the column of scores, the protected column and the row key.
    label : array of int64 of shape (n_rows,)
        0 or 1, where 1 is the favourable outcome.
    score : str
        The column of scores, which are probabilities of label 1, or log-odds.
    protected : Protected
        The protected column and its groups.
    mitigation : Mitigation
        The result of `resolve_postprocessor`.
    is_log_odds : bool
        Whether the scores are log-odds.
    weight : array of float64 of shape (n_rows,), optional
        The weights of the rows.
    row_key : str, optional
        The column that identifies a row. A randomised rule gives rows with equal keys equal random
        numbers; without it, rows with equal scores.
    min_frequency : int
        The fewest rows of a protected value that the rule names.
    seed : int
        The seed of the random numbers.

    Returns
    -------
    InferenceModel
        Its columns are the scores, the protected column if the rule reads it, and the row key if
        the rule is randomised.

    Raises
    ------
    RequestError
        If all scores or labels are equal, or the mitigator cannot be fitted on these rows.
    InputError
        If a score is missing, or outside 0 to 1 without `is_log_odds`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sex = np.repeat(["Male", "Female"], 500)
    >>> score = np.clip(rng.uniform(size=1000) - 0.1 * (sex == "Female"), 0, 1)
    >>> rows = pd.DataFrame({"sex": sex, "score": score})
    >>> label = (rng.uniform(size=1000) < score).astype(int)
    >>> thresholds = resolve_postprocessor("group_thresholds")
    >>> rule = fit_score_rule(rows, label, "score", Protected("sex", "Male"), thresholds)
    >>> rule.columns, bool((rule.predict(rows)["probability"] == score).all())
    (('score', 'sex'), True)
    """
    scorer = GivenScore(is_log_odds)
    given = scorer.read(frame[score], score)
    for what, values in (("scores", given), ("labels", label)):
        if len(np.unique(values)) < 2:
            raise RequestError(
                f"all {what} of the rows for the fit are equal, so no rule can be fitted; give "
                f"rows with different {what}"
            )
    # The column is not scaled, so that the score reaches the rule and the answer bit for bit.
    encoder = Encoder((Numeric(score, mean=0.0, scale=1.0, fill=0.5),))
    matrix = encoder.encode(frame)
    lookup = group_lookup(frame, protected)
    lookup = without_rare_values(lookup, lookup.positions(frame), min_frequency)
    positions = lookup.positions(frame)
    log_odds = scorer.score(matrix)
    step = mitigation.steps["post"]
    drawing: dict[str, Any] = {"seed": seed} if step.mitigator.draws else {}
    rows = ScoredRows(log_odds, label, positions, lookup, weight)
    decision = simplest_rule(step.mitigator.fit(rows, **drawing, **step.parameters), log_odds)
    draws = None
    if decision.randomised:
        is_text = row_key is not None and not pd.api.types.is_numeric_dtype(frame[row_key].dtype)
        draws = RowDraws(seed, mitigation.decided_by, row_key, is_text)
    return InferenceModel(
        encoder=encoder,
        scorer=scorer,
        decision=decision,
        groups=lookup if decision.reads_group else None,
        draws=draws,
        background=fit_background(encoder, matrix, lookup.groups_of(positions)),
    )
