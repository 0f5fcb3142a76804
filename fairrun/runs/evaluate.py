"""The `evaluate` run, which measures a logged model through the code that serves it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import mlflow
import pandas as pd

from fairrun.data import (
    DataRequest,
    Dataset,
    DatasetSpec,
    Decisions,
    ReadOptions,
    Rows,
    is_preprocessed,
    load_source,
    prepare_rows,
)
from fairrun.errors import RequestError
from fairrun.explanations import Overview, explain_model
from fairrun.figures import draw_explanations
from fairrun.gate import ConstraintCheck, Gate, GateResult, Verdict
from fairrun.groups import ProtectedColumn
from fairrun.inference import InputError, ModelError
from fairrun.metrics import MIN_CELL, NO_PUBLICATION, Evaluation, Publication, check_min_cell
from fairrun.models.open import OpenedModel, open_model
from fairrun.pages import NO_STATEMENTS, ModelFacts, Statements, render_report
from fairrun.runs.analyses import NO_ANALYSES, Analyses
from fairrun.runs.described import (
    describe_analyses,
    describe_data,
    describe_gate,
    describe_metrics,
    describe_warnings,
)
from fairrun.runs.documents import log_documents
from fairrun.runs.effects import say_about_mitigator
from fairrun.runs.measure import measure
from fairrun.runs.measured import judge_and_log
from fairrun.runs.model_facts import facts_of_training
from fairrun.runs.origin import origin_of, settings_of
from fairrun.runs.purpose import check_purpose
from fairrun.runs.reference import log_reference
from fairrun.runs.training_run import training_of
from fairrun.text import listed_names, n_of, quoted
from fairrun.tracking.datasets import (
    dataset_tags,
    log_dropped,
    log_input,
    log_notes,
    open_dataset,
    read_spec,
    spec_parameters,
)
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.evaluation import log_explanations, log_report
from fairrun.tracking.hints import next_command
from fairrun.tracking.looks import Looks, log_looks, say_looks
from fairrun.tracking.names import (
    MEASURED_ROWS,
    MITIGATOR,
    MODEL_CARD_PAGE,
    PROTECTED,
    REPORT,
    SPEC,
    parameter,
    run_name,
)
from fairrun.tracking.runs import log_parameters, tracked_run
from fairrun.tracking.versions import describe_versions

__all__ = [
    "ONLY_A_SCORE",
    "Evaluated",
    "commands_after_evaluate",
    "rows_to_measure",
    "run_evaluate",
]

#: Why a rule on given scores is not explained.
ONLY_A_SCORE = "its only feature is the score of another model"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluated:
    """The result of an `evaluate` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    metrics : dict of str to float
        The metrics on the rows.
    rows : str
        The rows: "test" for the test split, or "evaluation" for other rows.
    gate : GateResult or None
        The result of the gate; None without a gate.
    column : ProtectedColumn
        The first protected column, which the metrics compare.
    constraint : ConstraintCheck or None
        Whether the rows show that the mitigator's constraint is kept; None if the model has none,
        or its first protected column was not measured.
    looks : Looks or None
        How often the test split was looked at; None for other rows, or if the store cannot say.
    trained_by : str
        The run that trained the model; empty if it is not in this tracking store.
    not_measured : mapping of str to str
        The metrics that need true labels or scores that the rows do not have, with the reason.
    said : tuple of str
        The parity of further protected columns, and the findings of further analyses, one sentence
        each.
    given : mapping of str to str
        The parameters of the entry point that repeat the measurement, without the gate.
    """

    run_id: str
    metrics: dict[str, float]
    rows: str
    gate: GateResult | None
    column: ProtectedColumn
    constraint: ConstraintCheck | None = None
    looks: Looks | None = None
    trained_by: str = ""
    not_measured: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)

    def with_gate(self) -> dict[str, str]:
        """Return the parameters that repeat the measurement, with a gate to begin with."""
        # A gate cannot name a column with these signs. Without a name it is about all columns.
        about = "" if set(self.column.name) & set(';:@"\n') else f" @ {self.column.name}"
        return {**self.given, "gate": f"statistical_parity<=0.1{about}"}


def run_evaluate(
    model: str | OpenedModel,
    data: str | None = None,
    dataset: Dataset | None = None,
    protected: Sequence[str] | None = None,
    gate: Gate | None = None,
    report: bool = True,
    read: ReadOptions | None = None,
    mention_looks: bool = True,
    min_cell: int = MIN_CELL,
    justification: str | None = None,
    purpose: str | None = None,
    asked: Analyses = NO_ANALYSES,
    publication: Publication = NO_PUBLICATION,
    statements: Statements = NO_STATEMENTS,
    describe: bool = True,
) -> Evaluated:
    """Measure a logged model on the test split of its data, or on other labelled rows.

    Parameters
    ----------
    model : str or OpenedModel
        Any model URI: ``runs:/<run id>/model``, ``models:/<name>/<version>`` or a folder; or the
        model itself.
    data : str, optional
        Labelled rows with the model's columns and target, all of which are used; or the run of
        `preprocess`, of which the test split is used. By default, the model is measured on the test
        split of the data it was trained on.
    dataset : Dataset, optional
        The splits of the model's own data. By default, they are computed again and their digests
        are checked.
    protected : sequence of str, optional
        The protected columns to measure, by default all. Metrics without a suffix are those of the
        first.
    gate : Gate, optional
        The conditions that the model must meet.
    report : bool
        Whether to draw plots, explain the model and write the report. This takes longer than the
        rest of the evaluation.
    read : ReadOptions, optional
        How the file in `data` is read; by default as the model's own file.
    mention_looks : bool
        Whether to print how often the test split was looked at. A run of several evaluations prints
        it once itself.
    min_cell : int
        Numbers about fewer rows are not shown; 1 shows all. The gate decides from all numbers.
    justification : str, optional
        The reason to leave categories with under 2 % of the rows out of the impact ratios of Local
        Law 144. By default none is left out.
    purpose : str, optional
        What the evaluation is for, in one line. The report and the parameters of the run repeat it.
    asked : Analyses
        The further analyses that were asked for.
    publication : Publication
        What is published about an audit under Local Law 144, besides the rates.
    statements : Statements
        What only a person can say about the model, for its model card and technical file.
    describe : bool
        Whether the registered versions of the model get the verdict and a description.

    Returns
    -------
    Evaluated

    Raises
    ------
    RequestError
        If the model or the data cannot be loaded or used, `protected` or the gate has a column that
        is not a protected column of the model, or the purpose is not one line of text.
    """
    check_min_cell(min_cell)
    check_purpose(purpose)
    opened = open_model(model) if isinstance(model, str) else model
    columns = _select(opened.protected, protected)
    if gate is not None:
        gate.check(columns)
    names = [column.name for column in columns]
    name = run_name("evaluate", opened.mitigator)
    with tracked_run(name, {MITIGATOR: opened.mitigator}) as run:
        trained = training_of(opened)
        spec, rows, which, n_dropped = rows_to_measure(opened, data, dataset, read)
        of_rows = dataset_tags(spec) | {PROTECTED: names[0], MEASURED_ROWS: which}
        mlflow.set_tags(trained.tags | of_rows)
        # Another run can take the same data by this run's id. Other rows have other splits.
        kept = spec if which == "test" else replace(spec, digests=())
        mlflow.log_dict(kept.to_dict(), SPEC)
        said = {"model": opened.uri, "rows": which, "protected": ",".join(names)}
        said["weight"] = spec.weight or "none"
        said["cluster"] = spec.cluster or "none"
        said["min_cell"] = str(min_cell)
        said["justification"] = justification or "none"
        said["purpose"] = purpose or "none"
        said["local_law_144"] = str(publication)
        log_parameters({parameter("evaluate", name): value for name, value in said.items()})
        log_parameters(trained.parameters | spec_parameters(spec))

        answers = opened.predict(rows.frame)
        decisions = Decisions.of_answers(answers, rows)
        evaluation = measure(decisions, columns, justification)
        if names[0] in opened.inputs:
            evaluation = evaluation.with_flips(
                lambda frame: opened.predict(frame)["prediction"], rows.frame, rows.weight
            )
        found = say_about_mitigator(
            opened.mitigator, opened.constraint, opened.protected[0].name, evaluation
        )
        model_id, measured_on = opened.metadata.model_id, log_input(rows, spec, context=which)
        looks = None
        if which == "test":
            split = rows.split_digest(spec.protected[0].column)
            looks = log_looks(split, model_id, opened.uri)
        if mention_looks:
            say_looks(looks, gate=gate is not None)
        judged = judge_and_log(
            *(found.evaluation, decisions, columns, gate),
            dataset=measured_on,
            model_id=model_id,
            min_cell=min_cell,
            sensitive=spec.sensitive,
            looks=looks,
            report=report,
            asked=asked,
            publication=replace(publication, justification=justification or ""),
        )
        log_dropped(n_dropped)
        evaluation, result, plots = judged.evaluation, judged.gate, judged.plots
        constraint = None if found.constraint is None else found.constraint.shown(evaluation.hidden)
        if which == "test":
            log_reference(
                *(opened, rows.frame, decisions, evaluation),
                min_cell=min_cell,
                sensitive=spec.sensitive,
            )
        given = {
            "model": opened.uri,
            "protected": ",".join(map(quoted, names)),
            "data": data,
            "read": None if read is None else json.dumps(read.to_dict()),
            "card": statements.path or None,
        } | settings_of(min_cell, justification, purpose, publication, asked)
        if report:
            overview, not_explained = None, _why_not_explained(opened, evaluation)
            if not not_explained:
                overview, not_explained = _explain(opened, rows, answers, columns[0])
            if overview is not None:
                explained = draw_explanations(overview)
                log_explanations(overview, explained)
                plots |= explained
            origin = origin_of(
                run.info.run_id,
                "evaluate",
                given | {"gate": gate},
                model=opened.uri,
                mitigator=opened.mitigator,
                dataset=spec.name,
                digest=measured_on.digest,
                rows=which,
                target=spec.target,
                positive=spec.positive,
                weight=spec.weight or "",
                cluster=spec.cluster or "",
                looks="" if looks is None else str(looks),
                purpose=purpose or "",
                of_scores=opened.of_scores,
            )
            sections = [each.section for each in judged.analyses]
            log_report(
                render_report(
                    *(evaluation, origin, plots, gate, result, overview, not_explained),
                    *(constraint, found.warnings, sections),
                )
            )
            facts = ModelFacts(
                *(origin, evaluation, plots, gate, result, overview, not_explained),
                *(constraint, found.warnings, sections),
                statements=statements,
            )
            log_documents(facts_of_training(facts, opened))
        if describe:
            describe_versions(opened.uri, model_id, run.info.run_id, columns[0])
        done = Evaluated(
            *(run.info.run_id, evaluation.metrics, which, result, columns[0]),
            *(constraint, looks, trained.run_id),
            said=judged.said,
            given={name: str(value) for name, value in given.items() if value is not None},
        )
        describe_run(
            *_described(done, opened.uri, opened.mitigator, len(rows), spec),
            describe_warnings(found.warnings, evaluation),
            describe_analyses(judged.analyses),
            _documents_in_words() if report else "",
            commands=commands_after_evaluate(done, opened.uri),
        )
        return done


def _check_target(model: OpenedModel, spec: DatasetSpec, data: str) -> None:
    """Refuse a run whose labels are not what the model predicts."""
    for name, of_data in (("target", spec.target), ("positive", spec.positive)):
        of_model = model.dataset[name]
        if of_data != of_model:
            raise RequestError(
                f"data={data}: its {name} is {of_data!r}, but the model was trained with "
                f"{name}={of_model!r}; give a run or a file with the labels that it predicts"
            )


def _described(
    done: Evaluated, model: str, mitigator: str, n_rows: int, spec: DatasetSpec
) -> list[str]:
    """Return what an evaluation found, as the paragraphs of a description."""
    size = n_of(n_rows, "row")
    rows = f"other labelled rows ({size}), which are read as those of"
    if done.rows == "test":
        rows = f"the test split ({size}) of"
    no_gate = "No gate was given, so there is no verdict."
    return [
        f"Measured the model {as_code(model)} (mitigator {as_code(mitigator)}) on {rows} "
        f"{describe_data(spec)}.",
        no_gate if done.gate is None else describe_gate(done.gate),
        describe_metrics(done.metrics, "these rows", done.column),
        "" if done.constraint is None else escaped(str(done.constraint)),
        "" if done.looks is None else f"T{str(done.looks)[1:]}.",
    ]


def _documents_in_words() -> str:
    """Return what the documents of an evaluation are for."""
    return (
        f"{as_code(REPORT)} explains each number, and {as_code(MODEL_CARD_PAGE)} describes the "
        "model for others."
    )


def commands_after_evaluate(done: Evaluated, model: str) -> list[str]:
    """Return the commands to type next: serve a model that passed, or look for a better one."""
    if done.gate is None:
        return [next_command(done.run_id, "evaluate", done.with_gate())]
    if done.gate.verdict is Verdict.PASS:
        return [next_command(done.run_id, "serve", {"model": model})]
    # `main` takes the data of an earlier run, and compares mitigators on them.
    return [next_command(done.run_id, "main", {"data": done.trained_by})] if done.trained_by else []


def _select(
    protected: tuple[ProtectedColumn, ...], names: Sequence[str] | None
) -> tuple[ProtectedColumn, ...]:
    """Return the columns with the given names, in the order of the names."""
    if names is None:
        return protected
    known = {column.name: column for column in protected}
    others = [name for name in names if name not in known]
    if others or not names or len(set(names)) < len(names):
        train = ",".join([*known, *others])
        raise RequestError(
            f"protected={','.join(names)} cannot be measured, because the model was trained with "
            f"{', '.join(known)}; give some of these, each once"
            + (f", or train with protected={train} and privileged=…" if others else "")
        )
    return tuple(known[name] for name in names)


def _why_not_explained(model: OpenedModel, evaluation: Evaluation) -> str:
    """Return why the model is not explained; empty if it has features and both groups are shown."""
    if model.of_scores:
        return ONLY_A_SCORE
    first = evaluation.protected
    return evaluation.hidden.reason(first.name, *first.group_names).removeprefix("hidden: ")


def _explain(
    model: OpenedModel, rows: Rows, answers: pd.DataFrame, column: ProtectedColumn
) -> tuple[Overview | None, str]:
    """Return the explanations of a model, or None and the reason why there are none."""
    try:
        readable = model.as_this_version_reads_it(rows.frame, answers)
        return explain_model(readable, rows.frame, column), ""
    except (InputError, ModelError) as error:
        _logger.warning("warning: the report has no explanations, because %s", error)
        return None, str(error)


def rows_to_measure(
    model: OpenedModel, data: str | None, dataset: Dataset | None, read: ReadOptions | None
) -> tuple[DatasetSpec, Rows, str, int]:
    """Return the spec, the rows to measure, "test" or "evaluation", and how many were dropped."""
    if dataset is None and data is not None and not is_preprocessed(data):
        spec = DatasetSpec.from_dict({"reading": 1} | model.dataset | {"source": data})
        spec = spec if read is None else replace(spec, read=read)
        table = load_source(data, spec.read, reading=spec.reading)
        if spec.weight is not None and spec.weight not in table.frame.columns:
            _logger.warning(
                "warning: the data has no column %s, the weight that the model was trained with; "
                "each row counts once",
                spec.weight,
            )
            spec = replace(spec, weight=None)
        if spec.cluster is not None and spec.cluster not in table.frame.columns:
            _logger.warning(
                "warning: the data has no column %s, the cluster that the model was trained with; "
                "each row is a cluster of its own, so intervals may be too narrow",
                spec.cluster,
            )
            spec = replace(spec, cluster=None)
        prepared = prepare_rows(table, spec, of_model=True)
        log_notes(prepared.notes, prepared.n_dropped)
        return spec, prepared.rows, "evaluation", prepared.n_dropped
    is_read_here = dataset is None
    if dataset is None:
        if data is None and model.not_again:
            raise RequestError(
                f"the test rows of model={model.uri} cannot be read again, because "
                f"{model.not_again}; give data=… with rows that have the columns "
                f"{listed_names(model.inputs)} and the target"
            )
        request = DataRequest(data=data) if data is not None else None
        dataset = open_dataset(request or read_spec(str(model.metadata.run_id)))
        if data is not None:
            _check_target(model, dataset.spec, data)
    log_notes(dataset.notes, dataset.n_dropped, say=is_read_here)
    return dataset.spec, dataset.splits["test"], "test", dataset.n_dropped
