"""The plugin of `mlflow.models.evaluate`: ``evaluators="fairrun"``.

MLflow imports this file in every process that imports its evaluation, so it imports little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.models.evaluation.base import EvaluationResult, ModelEvaluator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from fairrun.data import DecisionsRequest
    from fairrun.runs.evaluate import Evaluated

__all__ = ["FairnessEvaluator"]

_NAME = "fairrun"
#: The name in `evaluator_config` of each parameter that names columns or groups.
_LISTS = ("protected", "privileged", "unprivileged", "na_values", "given", "membership")
_OF_REQUEST = (
    *("protected", "privileged", "unprivileged", "positive", "favourable", "score_scale"),
    *("threshold", "weight", "cluster", "where", "types", "max_dropped", "na_values", "sensitive"),
)
_OF_ANALYSES = ("given", "subgroups", "membership")
_OF_AUDIT = ("min_cell", "justification", "purpose")
_KNOWN = (*_OF_REQUEST, *_OF_ANALYSES, *_OF_AUDIT, "prediction", "score", "gate")
#: The name of the column with labels, if the data are no table with names.
_TARGET = "target"
_COMMAND = 'mlflow.models.evaluate(…, evaluators="fairrun")'


class FairnessEvaluator(ModelEvaluator):
    """Measure the fairness of any classifier that `mlflow.models.evaluate` is called for.

    The entry point ``mlflow.model_evaluator`` of the installed package names this class, so MLflow
    finds it. It only takes part if ``evaluator_config`` has ``protected``.
    """

    @classmethod
    def can_evaluate(
        cls, *, model_type: str | None, evaluator_config: Mapping[str, Any] | None, **_: Any
    ) -> bool:
        """Return whether a call is for a classifier and names protected columns."""
        return model_type == "classifier" and "protected" in _own_part(evaluator_config)

    def evaluate(
        self,
        *,
        model_type: str,  # noqa: ARG002  MLflow passes it by name
        dataset: Any,
        run_id: str,
        evaluator_config: Mapping[str, Any] | None,
        model: Any = None,
        predictions: str | None = None,
        model_id: str | None = None,
        **_: Any,
    ) -> EvaluationResult:
        """Measure, log everything that an audit logs, and return the headline metrics.

        Parameters
        ----------
        model_type : str
            "classifier".
        dataset : mlflow.models.EvaluationDataset
            The rows, which have the protected columns, and the labels.
        run_id : str
            The active run, to which the result is logged.
        evaluator_config : mapping
            The parameters of the entry point `audit`, for example ``{"protected": "sex",
            "privileged": "Male", "positive": ">50K"}``.
        model : PyFuncModel, optional
            The model. By default, the dataset has a column of predictions.
        predictions : str, optional
            The column of the model's answers that has its labels.
        model_id : str, optional
            MLflow's id of the model.

        Returns
        -------
        EvaluationResult
            The headline metrics of each protected column with ``_ci_low`` and ``_ci_high``, by the
            names that they have in the run; an undefined one is left out.

        Raises
        ------
        RequestError
            If the configuration or the data cannot be used; see `run_audit`.
        """
        from fairrun.data import read_decisions
        from fairrun.gate import read_gate
        from fairrun.metrics import MIN_CELL, check_min_cell
        from fairrun.models.any_model import loaded_model
        from fairrun.runs.analyses import Analyses
        from fairrun.runs.audit import log_audit
        from fairrun.runs.purpose import check_purpose

        config = _checked(_own_part(evaluator_config))
        audit = {name: config[name] for name in _OF_AUDIT if config.get(name) is not None}
        check_min_cell(audit.get("min_cell", MIN_CELL))
        check_purpose(audit.get("purpose"))
        gate = None if config.get("gate") is None else read_gate(str(config["gate"]))
        request, rows = _request(config, dataset, is_model=model is not None)
        if model is None:
            answering, table = None, read_decisions(request, rows)
        else:
            answering = loaded_model(
                model,
                f"models:/{model_id}" if model_id else "model",
                model_id=model_id,
                prediction=config.get("prediction") or predictions,
                score=config.get("score"),
            )
            table = read_decisions(request, rows, predict=answering.predict)
        asked = Analyses(
            tuple(config.get("given") or ()),
            int(config.get("subgroups") or 0),
            tuple(config.get("membership") or ()),
        )
        done, _analyses = log_audit(
            *(run_id, table, answering, gate), **audit, asked=asked, command=_COMMAND
        )
        return EvaluationResult(  # type: ignore[no-untyped-call]
            _headlines(done), _artifacts(run_id), run_id
        )


def _own_part(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return our part of the configuration.

    MLflow passes ``{"fairrun": {…}}`` unchanged if it is called with one evaluator, and the inner
    part otherwise.
    """
    config = config or {}
    inner = config.get(_NAME)
    return inner if isinstance(inner, Mapping) else config


def _checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with lists where they belong, without what was not given."""
    from fairrun.errors import RequestError
    from fairrun.text import did_you_mean, listed_names

    for name in config:
        if name not in _KNOWN:
            nearest = did_you_mean(str(name), _KNOWN, f"give some of {listed_names(_KNOWN)}")
            raise RequestError(f"evaluator_config has no {name} for fairrun; {nearest}")
    for name in ("min_cell", "subgroups"):
        value = config.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise RequestError(f"{name} in evaluator_config is no whole number; give one such as 2")
    return {
        name: _listed(value) if name in _LISTS else value
        for name, value in config.items()
        if value is not None
    }


def _listed(value: Any) -> Sequence[str]:
    """Return the names of a list, or of a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [str(each) for each in value]


def _request(
    config: Mapping[str, Any], dataset: Any, *, is_model: bool
) -> tuple[DecisionsRequest, pd.DataFrame]:
    """Return what is asked of the rows, and the rows with the labels and predictions as columns."""
    import pandas as pd

    from fairrun.data import DecisionsRequest
    from fairrun.errors import RequestError

    rows = dataset.features_data
    if not isinstance(rows, pd.DataFrame):
        raise RequestError(
            "the data have no names of columns, so nothing is called "
            f"{', '.join(config['protected'])}; give a DataFrame to mlflow.models.evaluate"
        )
    target, prediction = None, None
    if dataset.has_targets:
        target = str(dataset.targets_name or _TARGET)
        rows = rows.assign(**{target: dataset.labels_data})
    if not is_model and dataset.has_predictions:
        prediction = str(dataset.predictions_name)
        rows = rows.assign(**{prediction: dataset.predictions_data})
    given = {name: config[name] for name in _OF_REQUEST if name in config}
    for name in ("positive", "favourable"):
        if name in given:
            given[name] = str(given[name])
    if not is_model:
        score = config.get("score")
        # MLflow needs a column of predictions, which with a threshold is that of the scores.
        by_threshold = given.get("threshold") is not None
        given["score"] = score or (prediction if by_threshold else None)
        given["prediction"] = None if by_threshold else config.get("prediction") or prediction
    # The rows are given, so the name of a known data set, a run or a spec must not be read as one.
    name = re.sub(r"\W+", "_", str(dataset.name)) or "data"
    return DecisionsRequest(data=f"{name}.table", target=target, **given), rows


def _headlines(done: Evaluated) -> dict[str, float]:
    from fairrun.tracking.metric_names import is_headline, loggable

    def is_shown(name: str) -> bool:
        metric, _, column = name.partition("/")
        of = metric.removesuffix("_ci_low").removesuffix("_ci_high")
        return ":" not in column and is_headline(f"{of}/{column}" if column else of)

    shown = {name: value for name, value in done.metrics.items() if is_shown(name)}
    return loggable(shown, done.column.name)


def _artifacts(run_id: str) -> dict[str, Any]:
    """Return the table of metrics, which MLflow can read as one, and the report.

    They have their content, without which `EvaluationResult.save` fails.
    """
    from mlflow.artifacts import load_dict, load_text
    from mlflow.models.evaluation.artifacts import JsonEvaluationArtifact, TextEvaluationArtifact

    from fairrun.tracking.names import BIAS_METRICS, REPORT

    table, report = f"runs:/{run_id}/{BIAS_METRICS}.json", f"runs:/{run_id}/{REPORT}"
    as_json: Any = JsonEvaluationArtifact
    as_text: Any = TextEvaluationArtifact
    return {
        BIAS_METRICS: as_json(table, load_dict(table)),
        Path(REPORT).stem: as_text(report, load_text(report)),
    }
