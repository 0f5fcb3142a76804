"""The `audit` run, which measures decisions that fairrun did not make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import mlflow
import pandas as pd
from mlflow.models import Model

from fairrun.data import DecisionsRequest, DecisionTable, read_decisions
from fairrun.gate import Gate
from fairrun.metrics import MIN_CELL, NO_PUBLICATION, Publication, check_min_cell
from fairrun.pages import render_report
from fairrun.runs.analyses import NO_ANALYSES, Analyses, Analysis
from fairrun.runs.described import describe_analyses, describe_gate, describe_metrics
from fairrun.runs.evaluate import Evaluated
from fairrun.runs.measure import measure, protected_columns
from fairrun.runs.measured import judge_and_log
from fairrun.runs.origin import origin_of, settings_of
from fairrun.runs.purpose import check_purpose
from fairrun.text import n_of, quoted
from fairrun.tracking.datasets import (
    dataset_tags,
    log_decisions,
    log_dropped,
    log_notes,
    spec_parameters,
)
from fairrun.tracking.descriptions import as_code, describe_run
from fairrun.tracking.evaluation import log_report
from fairrun.tracking.hints import next_command
from fairrun.tracking.names import MEASURED_ROWS, MITIGATOR, REPORT, parameter, run_name
from fairrun.tracking.runs import log_parameters, tracked_run

__all__ = ["AnsweringModel", "audit_parameters", "commands_after_audit", "log_audit", "run_audit"]

#: The column of decisions of a model that is audited without labels.
_ANSWER = "prediction"


class AnsweringModel(Protocol):
    """A logged model whose answers can be audited."""

    @property
    def uri(self) -> str:
        """The model URI as it was given."""

    @property
    def metadata(self) -> Model:
        """The content of `MLmodel`."""

    @property
    def mitigator(self) -> str:
        """The name of the mitigator; empty unless fairrun made the model."""

    @property
    def flavor(self) -> str:
        """The MLflow flavour."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input columns of its signature; empty without a signature."""

    @property
    def types(self) -> Mapping[str, str]:
        """The types of its inputs, as `DatasetSpec.types` has them, as far as they are known."""

    def predict(
        self, frame: pd.DataFrame, positive: str | None = None, threshold: float | None = None
    ) -> pd.DataFrame:
        """Return the columns `prediction` (0 or 1) and perhaps `probability` for raw rows.

        `positive` is the favourable value, and `threshold` that of the probabilities.
        """


@dataclass(frozen=True)
class _Subject:
    """What is audited, in words and for the run: decisions of a table, or a model."""

    table: DecisionTable
    model: AnsweringModel | None

    @property
    def column(self) -> str:
        """The column that says what was decided."""
        request = self.table.request
        if self.model is not None:
            return request.target or _ANSWER
        return str(request.prediction or request.score)

    @property
    def favourable(self) -> str:
        """The favourable value of this column."""
        request = self.table.request
        if self.model is not None:
            return request.positive or request.favourable or "1"
        if request.threshold is not None:
            return f"{request.threshold:g} or more"
        return str(request.favourable)

    @property
    def words(self) -> str:
        """What is audited, as the beginning of a description."""
        if self.model is not None:
            return f"the model {as_code(self.model.uri)}"
        return f"the decisions in the column {as_code(self.column)}"


def run_audit(
    request: DecisionsRequest,
    model: AnsweringModel | None = None,
    gate: Gate | None = None,
    *,
    report: bool = True,
    min_cell: int = MIN_CELL,
    justification: str | None = None,
    purpose: str | None = None,
    asked: Analyses = NO_ANALYSES,
    publication: Publication = NO_PUBLICATION,
) -> Evaluated:
    """Measure decisions in a table, or the answers of any logged model to the rows of a table.

    Parameters
    ----------
    request : DecisionsRequest
        The table and the roles of its columns.
    model : AnsweringModel, optional
        A model whose answers are audited, in place of a column of decisions.
    gate : Gate, optional
        The conditions that the decisions must meet.
    report : bool
        Whether to draw plots and write the report.
    min_cell : int
        Numbers about fewer rows are not shown; 1 shows all. Protected values with fewer rows are
        not named either, and count as unknown. The gate decides from all numbers.
    justification : str, optional
        See `run_evaluate`.
    purpose : str, optional
        What the audit is for, in one line.
    asked : Analyses
        The further analyses that were asked for.
    publication : Publication
        What is published about an audit under Local Law 144, besides the rates.

    Returns
    -------
    Evaluated

    Raises
    ------
    RequestError
        If the table cannot be read or used, the model cannot answer its rows, the gate needs
        labels, scores or columns that are not there, or an analysis cannot be made.
    """
    check_min_cell(min_cell)
    check_purpose(purpose)
    what = "audit" if model is None else run_name("audit", model.mitigator or model.flavor)
    with tracked_run(what) as run:
        if model is None:
            table = read_decisions(request)
        else:
            table = read_decisions(request, predict=model.predict, model_types=model.types)
        mlflow.set_tags(dataset_tags(table.spec) | {MEASURED_ROWS: "evaluation"})
        if model is not None and model.mitigator:
            mlflow.set_tag(MITIGATOR, model.mitigator)
        subject = _Subject(table, model)
        log_parameters(_parameters(subject, min_cell, justification, purpose, publication))
        log_parameters(spec_parameters(table.spec))
        done, analyses = log_audit(
            *(run.info.run_id, table, model, gate),
            report=report,
            min_cell=min_cell,
            justification=justification,
            purpose=purpose,
            asked=asked,
            publication=publication,
        )
        describe_run(
            *_described(done, subject),
            describe_analyses(analyses),
            f"{as_code(REPORT)} explains each number." if report else "",
            commands=commands_after_audit(done),
        )
        return done


def log_audit(
    run_id: str,
    table: DecisionTable,
    model: AnsweringModel | None,
    gate: Gate | None,
    *,
    report: bool = True,
    min_cell: int = MIN_CELL,
    justification: str | None = None,
    purpose: str | None = None,
    asked: Analyses = NO_ANALYSES,
    publication: Publication = NO_PUBLICATION,
    command: str | None = None,
) -> tuple[Evaluated, list[Analysis]]:
    """Measure decisions that were read, and log the result to the active run.

    Parameters
    ----------
    run_id : str
        The active run.
    table : DecisionTable
        The decisions.
    model : AnsweringModel or None
        The model that made them, if it was asked.
    gate, report, min_cell, justification, purpose, asked, publication
        See `run_audit`.
    command : str, optional
        What repeats the audit; by default the command of the entry point.

    Returns
    -------
    evaluated : Evaluated
        The result.
    analyses : list of Analysis
        The further analyses.
    """
    request, subject = table.request, _Subject(table, model)
    outcomes = ("prediction", "score", "target", "weight")
    asked.check_columns({role: getattr(request, role) for role in outcomes})
    spec, decisions = table.spec, table.decisions
    log_notes(decisions.notes, table.n_dropped)
    columns = protected_columns(decisions.frame, spec.protected, min_cell)
    evaluation = measure(decisions, columns, justification)
    if model is not None and columns[0].name in model.inputs:
        meant = request.favourable or request.positive
        evaluation = evaluation.with_flips(
            lambda frame: model.predict(frame, meant, request.threshold)["prediction"],
            *(decisions.frame, decisions.weight),
        )
    measured_on = log_decisions(decisions, spec.name, spec.source, subject.column)
    judged = judge_and_log(
        *(evaluation, decisions, columns, gate),
        dataset=measured_on,
        model_id=None if model is None else model.metadata.model_id,
        min_cell=min_cell,
        sensitive=spec.sensitive,
        report=report,
        asked=asked,
        publication=replace(publication, justification=justification or ""),
    )
    log_dropped(table.n_dropped)
    evaluation = judged.evaluation
    given = audit_parameters(request, model) | settings_of(
        min_cell, justification, purpose, publication, asked
    )
    done = Evaluated(
        *(run_id, evaluation.metrics, "evaluation", judged.gate, columns[0]),
        not_measured=evaluation.not_measured,
        said=judged.said,
        given={name: str(value) for name, value in given.items() if value is not None},
    )
    if report:
        origin = origin_of(
            *(run_id, "audit", given | {"gate": gate}),
            model="" if model is None else model.uri,
            mitigator="" if model is None else model.mitigator,
            flavor="" if model is None else model.flavor,
            dataset=spec.name,
            digest=measured_on.digest,
            rows="evaluation",
            target=subject.column,
            positive=subject.favourable,
            weight=spec.weight or "",
            cluster=spec.cluster or "",
            purpose=purpose or "",
            notes=decisions.notes,
        )
        origin = origin if command is None else replace(origin, command=command)
        sections = [each.section for each in judged.analyses]
        log_report(
            render_report(evaluation, origin, judged.plots, gate, judged.gate, sections=sections)
        )
    return done, judged.analyses


def commands_after_audit(done: Evaluated) -> list[str]:
    """Return the commands to type next: the same audit with a gate, if there was none."""
    return [] if done.gate is not None else [next_command(done.run_id, "audit", done.with_gate())]


def audit_parameters(
    request: DecisionsRequest, model: AnsweringModel | None
) -> dict[str, object | None]:
    """Return the parameters of the entry point that a request was made from."""

    def listed(values: object) -> str | None:
        return ",".join(map(quoted, values)) if isinstance(values, (list, tuple)) else None

    types = request.types or {}
    return {
        "model": None if model is None else model.uri,
        "data": request.data,
        "prediction": request.prediction,
        "favourable": request.favourable,
        "score": request.score,
        "score_scale": None if request.score_scale == "probability" else request.score_scale,
        "threshold": request.threshold,
        "target": request.target,
        "positive": request.positive,
        "weight": request.weight,
        "cluster": request.cluster,
        "where": request.where,
        "protected": listed(request.protected),
        "privileged": listed(request.privileged),
        "unprivileged": listed(request.unprivileged),
        "types": ",".join(f"{name}:{kind}" for name, kind in types.items()) or None,
        "max_dropped": request.max_dropped,
        "na_values": listed(request.na_values),
        "drop": listed(request.drop),
        "sensitive": None if request.sensitive is None else str(request.sensitive).lower(),
        "read": None if request.read is None else json.dumps(request.read.to_dict()),
    }


def _parameters(
    subject: _Subject,
    min_cell: int,
    justification: str | None,
    purpose: str | None,
    publication: Publication,
) -> dict[str, object]:
    """Return what the run logs about the audit, as far as the dataset spec does not say it."""
    request, model = subject.table.request, subject.model
    said = {
        "model": "none" if model is None else model.uri,
        "prediction": subject.column,
        "favourable": subject.favourable,
        "score": request.score or "none",
        "score_scale": request.score_scale,
        "threshold": "none" if request.threshold is None else str(request.threshold),
        "target": request.target or "none",
        "where": request.where or "none",
        "min_cell": str(min_cell),
        "justification": justification or "none",
        "purpose": purpose or "none",
        "local_law_144": str(publication),
    }
    return {parameter("audit", name): value for name, value in said.items()}


def _described(done: Evaluated, subject: _Subject) -> list[str]:
    """Return what an audit found, as the paragraphs of a description."""
    decisions, spec = subject.table.decisions, subject.table.spec
    columns = ", ".join(as_code(each.column) for each in spec.protected)
    no_gate = "No gate was given, so there is no verdict."
    missing = ""
    if done.not_measured:
        missing = (
            f"{n_of(len(done.not_measured), 'metric was', 'metrics were')} not measured, because "
            "the rows have no true labels or no scores; the report lists them."
        )
    where = subject.table.request.where
    kept = "" if where is None else f" with {as_code(where)}"
    return [
        f"Audited {subject.words} of {as_code(spec.name)}, {n_of(len(decisions), 'row')}{kept}; "
        f"{as_code(subject.favourable)} is favourable. Compares the groups of {columns}.",
        no_gate if done.gate is None else describe_gate(done.gate),
        describe_metrics(done.metrics, "these rows", done.column),
        missing,
    ]
