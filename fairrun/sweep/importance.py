"""The importance of each parameter, by Optuna's functional analysis of variance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import optuna
import pandas as pd
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial

from fairrun.sweep.objectives import Objective
from fairrun.sweep.space import Space
from fairrun.sweep.study import to_optuna
from fairrun.sweep.trial import TrialResult

__all__ = ["parameter_importance"]

#: The smallest number of trials for which an importance is computed.
_FEWEST = 5


def parameter_importance(
    results: Sequence[TrialResult], space: Space, objectives: Sequence[Objective]
) -> pd.DataFrame:
    """Return the share of each parameter in the variance of each objective.

    The share of a parameter is computed from the trials to which it applies, together with the
    parameters that all of these trials have. For example, a tolerance is compared among the trials
    with group thresholds, and the mitigator among all trials.

    Parameters
    ----------
    results : sequence of TrialResult
        The trials, of which only complete ones with a value for each objective are used.
    space : Space
        The parameters that were tried.
    objectives : sequence of Objective
        The objectives.

    Returns
    -------
    pandas.DataFrame
        The columns are parameter, objective, share (from 0 to 1) and n_trials. Parameters with only
        one value or fewer than 5 trials are left out.

    References
    ----------
    F. Hutter, H. Hoos and K. Leyton-Brown, "An efficient approach for assessing hyperparameter
    importance", ICML 2014.
    """
    complete = [
        each
        for each in results
        if each.state == "complete"
        and all(math.isfinite(objective.gain(each.metrics)[0]) for objective in objectives)
    ]
    rows = []
    for name in space.names:
        having = [each for each in complete if name in each.parameters]
        if len(having) < _FEWEST or len({each.parameters[name] for each in having}) < 2:
            continue
        shared = [n for n in space.names if all(n in each.parameters for each in having)]
        varied = [n for n in shared if len({each.parameters[n] for each in having}) > 1]
        study = to_optuna(having, space, objectives)
        for place, objective in enumerate(objectives):
            share = _shares(study, place, varied)[name]
            rows.append((name, str(objective), share, len(having)))
    return pd.DataFrame(rows, columns=["parameter", "objective", "share", "n_trials"])


def _shares(study: optuna.Study, place: int, names: list[str]) -> dict[str, float]:
    values = {trial.values[place] for trial in study.trials}
    if len(values) < 2:
        return dict.fromkeys(names, 0.0)

    def target(trial: FrozenTrial) -> float:
        return float(trial.values[place])

    return get_param_importances(
        study, evaluator=FanovaImportanceEvaluator(seed=0), params=names, target=target
    )
