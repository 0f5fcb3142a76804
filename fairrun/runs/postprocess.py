"""The `postprocess` run, which fits a mitigator on scores that another model computed."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace

import mlflow
import pandas as pd

from fairrun.data import Decisions, DecisionsRequest
from fairrun.gate import ConstraintCheck, Gate, GateResult
from fairrun.groups import ProtectedColumn
from fairrun.inference import GivenScore, InferenceModel
from fairrun.metrics import (
    MIN_CELL,
    NO_PUBLICATION,
    Publication,
    before_after_table,
    check_min_cell,
)
from fairrun.models.log import log_model
from fairrun.pages import Section, render_report, shown_before_after
from fairrun.runs.audit import AnsweringModel, audit_parameters
from fairrun.runs.described import describe_data, describe_gate, describe_metrics
from fairrun.runs.effects import say_about_mitigator, with_effect
from fairrun.runs.evaluate import ONLY_A_SCORE
from fairrun.runs.measure import hide_small_groups, measure, protected_columns
from fairrun.runs.measured import judge_and_log
from fairrun.runs.origin import origin_of
from fairrun.runs.scored_rows import ScoredRows, read_scored
from fairrun.text import n_of, with_percent
from fairrun.tracking.datasets import log_dropped, log_input, log_notes, log_spec
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.evaluation import log_report
from fairrun.tracking.hints import mlflow_serve, next_command
from fairrun.tracking.names import (
    BEFORE_AFTER,
    CONSTRAINT,
    MEASURED_ROWS,
    MITIGATOR,
    MODEL_NAME,
    NOT_AGAIN,
    RANDOMISED,
    READS_GROUP,
    REPORT,
    SCORE_SCALE,
    SCORES_OF,
    SCORES_OF_ID,
    STAGE,
    parameter,
    run_name,
)
from fairrun.tracking.runs import log_parameters, log_table, tracked_run
from fairrun.training import fit_score_rule
from fairrun.training.mitigation import Mitigation

__all__ = [
    "Postprocessed",
    "commands_after_postprocess",
    "run_postprocess",
]

_logger = logging.getLogger(__name__)

_CAPTION = "Metrics without and with the rule, with 95 % intervals"


@dataclass(frozen=True)
class Postprocessed:
    """The result of a `postprocess` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    model_uri : str
        The URI of the logged rule.
    metrics : dict of str to float
        The metrics of the rule on the test rows.
    column : ProtectedColumn
        The first protected column, which the metrics compare.
    before_after : pandas.DataFrame
        A row for each metric on the test rows, with its value and limits before and after.
    gate : GateResult or None
        The result of the gate on the test rows; None without a gate.
    constraint : ConstraintCheck or None
        Whether the test rows show that the mitigator's constraint is kept; None if it has none.
    takes : str
        Which columns the rule takes, and which model the score comes from, as a sentence.
    why_not_again : str
        Why `evaluate` cannot read the test rows again; empty if it can.
    """

    run_id: str
    model_uri: str
    metrics: dict[str, float]
    column: ProtectedColumn
    before_after: pd.DataFrame
    gate: GateResult | None
    constraint: ConstraintCheck | None
    takes: str
    why_not_again: str = ""


def run_postprocess(
    request: DecisionsRequest,
    mitigation: Mitigation,
    model: AnsweringModel | None = None,
    gate: Gate | None = None,
    *,
    row_key: str | None = None,
    seed: int = 0,
    min_frequency: int = 5,
    min_cell: int = MIN_CELL,
    publication: Publication = NO_PUBLICATION,
) -> Postprocessed:
    """Fit a rule from scores and groups to labels, measure it on test rows, and log it.

    The rule is fitted on 80 % of the rows, and measured on the others. The scores should be of rows
    that their model was not trained on.

    Parameters
    ----------
    request : DecisionsRequest
        The table, the roles of its columns, and the threshold of the decisions before.
    mitigation : Mitigation
        The result of `resolve_postprocessor`.
    model : AnsweringModel, optional
        A model whose answers are the scores, in place of a column of scores.
    gate : Gate, optional
        The conditions that the rule must meet on the test rows.
    row_key : str, optional
        The column that identifies a row; see `fit_score_rule`.
    seed : int
        The seed of a randomised rule.
    min_frequency : int
        The fewest rows of a protected value that the rule and the tables name.
    min_cell : int
        Numbers about fewer rows are not shown; 1 shows all.
    publication : Publication
        What is published about an audit under Local Law 144, besides the rates.

    Returns
    -------
    Postprocessed

    Raises
    ------
    RequestError
        If the table cannot be used, there are no labels or scores, or the rule cannot be fitted.
    """
    check_min_cell(min_cell)
    tags = {MITIGATOR: mitigation.name, STAGE: mitigation.stage}
    with tracked_run(run_name("postprocess", mitigation.name), tags) as run:
        scored = read_scored(request, model, row_key)
        dataset, spec = scored.dataset, scored.dataset.spec
        log_notes(dataset.notes, dataset.n_dropped)
        log_spec(spec)
        log_parameters(_parameters(scored, request, mitigation, row_key, seed, min_frequency))
        log_parameters({parameter("postprocess", "local_law_144"): str(publication)})
        fit, test = scored.fit, scored.test
        _logger.info(
            "fitting %s on %s rows. Their scores should be of rows that the scoring model was not "
            "trained on; otherwise they are too good, and the constraint may fail on new rows",
            *(mitigation.name, f"{len(fit):,}"),
        )
        columns = protected_columns(fit.frame, spec.protected, min_frequency)
        rule = fit_score_rule(
            *(fit.frame, fit.label, scored.score, spec.protected[0], mitigation),
            is_log_odds=request.score_scale == "log_odds" and model is None,
            weight=fit.sample_weight,
            row_key=row_key,
            min_frequency=min_frequency,
            seed=seed,
        )
        _say_about_draws(rule, fit.frame[scored.score], row_key)
        takes = _takes(rule, scored)
        mlflow.set_tags(
            {
                READS_GROUP: str(rule.groups is not None).lower(),
                RANDOMISED: str(rule.draws is not None).lower(),
                MEASURED_ROWS: "test",
            }
        )
        is_log_odds = isinstance(rule.scorer, GivenScore) and rule.scorer.is_log_odds
        about = {
            SCORES_OF: scored.scored_by,
            SCORES_OF_ID: scored.scored_by_id,
            SCORE_SCALE: "log_odds" if is_log_odds else "probability",
            NOT_AGAIN: scored.why_not_again,
        }
        logged = log_model(
            *(rule, spec, columns, mitigation.name, mitigation.constraint),
            more={name: text for name, text in about.items() if text},
            about=takes,
        )
        log_input(fit, spec, context="train")
        measured_on = log_input(test, spec, context="test")
        decisions = Decisions.of_answers(rule.predict(test.frame), test)
        before = replace(decisions, prediction=scored.before["test"])
        after, without = measure(decisions, columns), measure(before, columns)
        effect = with_effect(
            *(mitigation, columns[0], test, decisions.prediction, before.prediction)
        )
        said = say_about_mitigator(
            *(mitigation.name, mitigation.constraint, columns[0].name, after, effect)
        )
        judged = judge_and_log(
            *(said.evaluation, decisions, columns, gate),
            dataset=measured_on,
            model_id=logged.model_id,
            min_cell=min_cell,
            sensitive=spec.sensitive,
            publication=publication,
        )
        shown = judged.evaluation
        constraint = None if said.constraint is None else said.constraint.shown(shown.hidden)
        without = hide_small_groups(without, min_cell, sensitive=spec.sensitive)
        table = before_after_table(without, shown)
        log_table(BEFORE_AFTER, table)
        log_dropped(dataset.n_dropped)
        done = Postprocessed(
            *(run.info.run_id, logged.uri, shown.metrics, columns[0], table, judged.gate),
            *(constraint, takes, scored.why_not_again),
        )
        parameters = mitigation.parameters
        given = audit_parameters(request, model) | {
            "mitigator": mitigation.name,
            "mitigator_params": json.dumps(parameters) if parameters else None,
            "row_key": row_key,
            "seed": seed or None,
            "min_frequency": min_frequency,
            "gate": gate,
            "min_cell": None if min_cell == MIN_CELL else min_cell,
            "local_law_144": None if publication == NO_PUBLICATION else publication,
        }
        origin = origin_of(
            *(done.run_id, "postprocess", given),
            model=done.model_uri,
            mitigator=mitigation.name,
            dataset=spec.name,
            digest=measured_on.digest,
            rows="test",
            target=spec.target,
            positive=spec.positive,
            weight=spec.weight or "",
            cluster=spec.cluster or "",
            of_scores=True,
        )
        log_report(
            render_report(
                *(shown, origin, judged.plots, gate, judged.gate, None, ONLY_A_SCORE),
                *(constraint, said.warnings),
                sections=[_section(done)],
            )
        )
        describe_run(
            *_described(done, scored, mitigation, len(fit)),
            commands=commands_after_postprocess(done),
        )
        return done


def commands_after_postprocess(done: Postprocessed) -> list[str]:
    """Return the commands to type next: evaluate the rule again with a gate, and serve it."""
    uri = f"runs:/{done.run_id}/{MODEL_NAME}"
    serve = mlflow_serve(done.run_id, uri)
    if done.gate is not None or done.why_not_again:
        return [serve]
    gate = f"statistical_parity<=0.1 @ {done.column.name}"
    return [next_command(done.run_id, "evaluate", {"model": uri, "gate": gate}), serve]


def _parameters(
    scored: ScoredRows,
    request: DecisionsRequest,
    mitigation: Mitigation,
    row_key: str | None,
    seed: int,
    min_frequency: int,
) -> dict[str, object]:
    of_mitigator: dict[str, object] = {"name": mitigation.name, **mitigation.parameters}
    of_mitigator |= {CONSTRAINT: mitigation.constraint or None}
    of_run = {
        "score": scored.score,
        "score_scale": request.score_scale,
        "model": scored.scored_by or "none",
        "where": request.where or "none",
        "row_key": row_key,
        "seed": seed,
        "min_frequency": min_frequency,
    }
    return {parameter("mitigator", name): value for name, value in of_mitigator.items()} | {
        parameter("postprocess", name): value for name, value in of_run.items()
    }


def _say_about_draws(rule: InferenceModel, score: pd.Series, row_key: str | None) -> None:
    """Log what keys the random numbers of a randomised rule, and how many rows share a key."""
    if rule.draws is None:
        if row_key is not None:
            _logger.info("row_key=%s is not used, because the rule draws no labels", row_key)
    elif row_key is None:
        tied = float(score.duplicated(keep=False).mean())
        said = (
            "the rule draws labels at random, and rows with equal scores get equal draws: "
            f"{with_percent(tied)} of the rows share their score with another row"
        )
        if tied:
            _logger.warning("warning: %s; give row_key=COLUMN to draw for each row", said)
        else:
            _logger.info(said)


def _takes(rule: InferenceModel, scored: ScoredRows) -> str:
    """Return which columns a rule takes, and which model the score comes from."""
    columns = f"The rule takes the columns {', '.join(rule.columns)}."
    if not scored.scored_by:
        return columns
    return (
        f"{columns} Ask the model {scored.scored_by} first: {scored.score} is the probability that "
        "it answers."
    )


def _section(done: Postprocessed) -> Section:
    return Section(
        "Before and after",
        "before",
        (
            f"{done.takes} The table compares the decisions without the rule with those of the "
            "rule, on the same test rows.",
        ),
        ((_CAPTION, shown_before_after(done.before_after)),),
    )


def _described(
    done: Postprocessed, scored: ScoredRows, mitigation: Mitigation, n_fit: int
) -> list[str]:
    """Return what was fitted and found, as the paragraphs of a description."""
    of = f"the model {as_code(scored.scored_by)}"
    if not scored.scored_by:
        of = f"the column {as_code(scored.score)}"
    return [
        f"Fitted the mitigator {as_code(mitigation.name)} on the scores of {of}, "
        f"{n_of(n_fit, 'row')} of {describe_data(scored.dataset.spec)}. {escaped(done.takes)}",
        "" if done.gate is None else describe_gate(done.gate),
        describe_metrics(done.metrics, "the test split", done.column),
        "" if done.constraint is None else escaped(str(done.constraint)),
        f"{as_code(REPORT)} compares the decisions before and after.",
    ]
