"""The verdict of a gate in MLflow's own words."""

from __future__ import annotations

from mlflow.models import EvaluationResult, MetricThreshold

from fairrun.gate import GateResult

__all__ = ["mlflow_validation"]


def mlflow_validation(
    result: GateResult,
) -> tuple[dict[str, MetricThreshold], EvaluationResult]:
    """Put a gate's result as `mlflow.validate_evaluation_results` takes it.

    MLflow compares a number with a threshold. It is given, for each judgement, the end of the
    interval that decides, and so passes what the gate passes and nothing else. It does not tell
    what fails from what there is too little evidence for.

    Parameters
    ----------
    result : GateResult
        What `decide` returned.

    Returns
    -------
    thresholds : dict of str to MetricThreshold
        The threshold of each judgement.
    candidate : EvaluationResult
        What `Term.bound` makes of its interval.

    Examples
    --------
    >>> import mlflow
    >>> from fairrun.metrics import Counts, audit
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.gate import decide
    >>> from fairrun.gate import parse_gate
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> result = decide(parse_gate("accuracy>=0.7"), counts, audit(counts))
    >>> mlflow.validate_evaluation_results(*mlflow_validation(result))
    """
    thresholds, bounds = {}, {}
    for each in result.judgements:
        name = f"{each.term}, {each.subject}"
        bounds[name] = each.term.bound(each.ci_low, each.ci_high)
        thresholds[name] = MetricThreshold(  # type: ignore[no-untyped-call]
            threshold=each.term.threshold, greater_is_better=each.term.at_least
        )
    candidate = EvaluationResult(metrics=bounds, artifacts={})  # type: ignore[no-untyped-call]
    return thresholds, candidate
