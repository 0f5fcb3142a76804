"""How much each parameter mattered, by Optuna's functional analysis of variance."""

from __future__ import annotations

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

#: Among fewer trials nothing can be said.
_FEWEST = 5


def parameter_importance(
    results: Sequence[TrialResult], space: Space, objectives: Sequence[Objective]
) -> pd.DataFrame:
    """Share the variance of each objective out among the parameters.

    A parameter is looked at among the trials it applies to, beside the parameters that all of
    these have: a tolerance among the trials with thresholds, a mitigator among all.

    Parameters
    ----------
    results : sequence of TrialResult
        The trials; complete ones count.
    space : Space
        What was tried.
    objectives : sequence of Objective
        What came of it.

    Returns
    -------
    pandas.DataFrame
        parameter, objective, share (0 to 1), n_trials; without parameters that have one value, or
        too few trials.

    References
    ----------
    F. Hutter, H. Hoos and K. Leyton-Brown, An efficient approach for assessing hyperparameter
    importance, ICML 2014.
    """
    complete = [each for each in results if each.state == "complete"]
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
