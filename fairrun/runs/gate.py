"""Convert the result of a gate for MLflow's validation of evaluation results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairrun.gate import GateResult

if TYPE_CHECKING:
    from mlflow.models import EvaluationResult, MetricThreshold

__all__ = ["mlflow_validation"]


def mlflow_validation(
    result: GateResult,
) -> tuple[dict[str, MetricThreshold], EvaluationResult]:
    """Return the result of a gate as arguments for `mlflow.validate_evaluation_results`.

    MLflow compares numbers with thresholds. The number for each judgement is the end of its
    interval that decides, so MLflow's validation passes exactly if the gate passes. MLflow does not
    distinguish a failed gate from one with insufficient evidence.

    Parameters
    ----------
    result : GateResult
        The result of `decide`.

    Returns
    -------
    thresholds : dict of str to MetricThreshold
        The threshold of each judgement.
    candidate : EvaluationResult
        The deciding end of each interval, from `Term.bound`.

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
    # Imported here so that the public names can be imported without MLflow.
    from mlflow.models import EvaluationResult, MetricThreshold

    thresholds, bounds = {}, {}
    for each in result.judgements:
        name = f"{each.term}, {each.subject}"
        bounds[name] = each.term.bound(each.ci_low, each.ci_high)
        thresholds[name] = MetricThreshold(  # type: ignore[no-untyped-call]
            threshold=each.term.threshold, greater_is_better=each.term.at_least
        )
    candidate = EvaluationResult(metrics=bounds, artifacts={})  # type: ignore[no-untyped-call]
    return thresholds, candidate
