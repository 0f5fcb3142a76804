"""The end of a sweep: refit the frontier, evaluate the chosen model, log and register it."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mlflow
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError
from fairrun.gate import GATE_METRICS, GateResult
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.main_defaults import COMPARED_METRICS
from fairrun.runs.sweep_alternatives import Answered, answer_alternatives, ask_for_alternatives
from fairrun.runs.sweep_charts import log_charts
from fairrun.runs.sweep_description import commands_after_sweep, describe_sweep
from fairrun.runs.sweep_refits import Refits
from fairrun.runs.sweep_request import Sweep
from fairrun.sweep.group_readers import said_of_left_out
from fairrun.sweep.kept import kept_trials, said_of_kept
from fairrun.sweep.objectives import interval_keys
from fairrun.sweep.selection import Selection
from fairrun.sweep.trial import TrialResult
from fairrun.tracking.metric_names import metric_name
from fairrun.tracking.names import (
    CHOSEN,
    GATE_VERDICT,
    SWEEP_BECAUSE,
    SWEEP_CHOSEN,
    SWEEP_CHOSEN_RUN,
    SWEEP_CHOSEN_TRIAL,
    SWEEP_CONSTRAINT,
    SWEEP_FRONTIER,
    SWEEP_MODEL,
    SWEEP_REGISTERED,
    SWEEP_RULE,
    SWEEP_TRIVIAL,
    TRIALS,
)
from fairrun.tracking.sweeps import log_choice, output_model, put_table
from fairrun.tracking.trials import mark
from fairrun.tracking.versions import describe_versions, versions_of_run

__all__ = ["Outcome", "finish_sweep"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """The chosen model of a sweep.

    Attributes
    ----------
    model_uri : str
        The URI of the chosen model.
    metrics : pandas.DataFrame
        A row for each metric with the columns `metric`, its values and limits on the validation
        rows (`validation`, …) and on the test rows (`test`, …), and `optimism`, which is
        validation − test, with its limits.
    gate : GateResult or None
        The result of the constraint on the test rows; None without a constraint.
    commands : list of str
        The commands to type next; see `commands_after_sweep`.
    alternatives : Answered
        Whether there is a less discriminatory alternative.
    """

    model_uri: str
    metrics: pd.DataFrame
    gate: GateResult | None
    commands: list[str]
    alternatives: Answered


def finish_sweep(
    run: Run,
    sweep: Sweep,
    trials: Mapping[int, TrialResult],
    table: pd.DataFrame,
    selection: Selection,
) -> Outcome:
    """Log the models of the chosen trial and of the frontier, and evaluate the chosen one.

    These trials are fitted again, because trials do not keep their models. Of a long frontier, only
    the models of `kept_trials` are logged. The test rows are used only here: once for the chosen
    model, and once to compare the candidates for a less discriminatory alternative.

    Parameters
    ----------
    run : mlflow.entities.Run
        The run of the sweep as it was opened, with the tags of an earlier choice if there was one.
    sweep : Sweep
        The sweep.
    trials : mapping of int to TrialResult
        The trials as they are shown, by number.
    table : pandas.DataFrame
        The table of trials; see `trials_table`.
    selection : Selection
        The frontier and the chosen trial.

    Returns
    -------
    Outcome

    Raises
    ------
    RequestError
        If the registry refuses the name.
    """
    plan, run_ids = sweep.plan, dict(zip(table["number"], table["run_id"], strict=True))
    _say_choice(selection, run.data.tags.get(SWEEP_CHOSEN_RUN), run_ids)
    for number in {*selection.frontier, selection.chosen}:
        mark(run_ids[number], {SWEEP_FRONTIER: str(number in selection.frontier).lower()})
    mark(run_ids[selection.chosen], {SWEEP_CHOSEN: "true"})
    kept = kept_trials(selection)
    asked = ask_for_alternatives(sweep, trials, kept)
    about_models = said_of_kept(selection)
    if asked.baseline.trial not in kept:
        kept = (*kept, asked.baseline.trial)
        about_models += f"; for the baseline, trial {asked.baseline.trial}, too"
    _logger.info("%s", about_models)
    uris, refits = {}, Refits(sweep.problem)
    for place, number in enumerate(kept, start=1):
        uris[number] = refits.log(
            *(trials[number], run_ids[number], f"[{place}/{len(kept)}]"),
            chosen=number == selection.chosen,
        )
    uri, chosen = uris[selection.chosen], trials[selection.chosen]
    _logger.info("evaluating the model of trial %d on the test rows", selection.chosen)
    gate = None if plan.constraint is None else plan.constraint.gate
    evaluated = run_evaluate(uri, dataset=sweep.dataset, gate=gate, min_cell=plan.request.min_cell)
    metrics = _compare(chosen.metrics, evaluated.metrics, plan.constrained)
    put_table(TRIALS, table)
    put_table(CHOSEN, metrics)
    refits.compare_with(selection.chosen, sweep.min_cell)
    answered = answer_alternatives(sweep, asked, trials, uris)
    _logger.info("drawing the figures and sweep.html")
    said = _paragraphs(sweep, selection, metrics, evaluated.gate)
    said.append(f"{about_models[0].upper()}{about_models[1:]}.")
    commands = commands_after_sweep(run.info.run_id, sweep, uri, evaluated.gate)
    log_charts(sweep, trials, table, said, commands, answered.shown)
    of_compared = metrics[metrics["metric"].isin([*COMPARED_METRICS, *plan.constrained])]
    kinds = ("validation", "test", "optimism", "optimism_ci_low", "optimism_ci_high")
    log_choice(
        run.info.run_id,
        {
            _named(kind, row["metric"], sweep.dataset.spec.protected[0].column): row[kind]
            for row in of_compared.to_dict("records")
            for kind in kinds
            if math.isfinite(row[kind])
        },
    )
    tags = {
        SWEEP_CHOSEN_TRIAL: str(selection.chosen),
        SWEEP_CHOSEN_RUN: run_ids[selection.chosen],
        SWEEP_RULE: selection.rule,
        SWEEP_BECAUSE: selection.how,
        SWEEP_TRIVIAL: str(bool(selection.trivial)).lower(),
        SWEEP_CONSTRAINT: "none" if selection.verdict is None else str(selection.verdict),
        SWEEP_MODEL: uri,
    }
    if plan.request.register is not None:
        tags[SWEEP_REGISTERED] = _register(plan.request.register, uri, run, tags[SWEEP_CHOSEN_RUN])
        _logger.info("the model is registered as %s", tags[SWEEP_REGISTERED])
        describe_versions(tags[SWEEP_REGISTERED], None, evaluated.run_id, evaluated.column)
    if evaluated.gate is not None:
        tags[GATE_VERDICT] = str(evaluated.gate.verdict)
    mlflow.set_tags(tags)
    output_model(run.info.run_id, uri)
    describe_sweep(
        *(run, sweep, trials, selection, metrics),
        chosen_run=run_ids[selection.chosen],
        gate=evaluated.gate,
        about_models=about_models,
        alternative=answered.sentence,
        commands=commands,
    )
    return Outcome(uri, metrics, evaluated.gate, commands, answered)


def _say_choice(selection: Selection, before: str | None, run_ids: Mapping[int, str]) -> None:
    """Log a line if the choice is trivial, or is another one than an earlier process made."""
    earlier = {run_id: number for number, run_id in run_ids.items()}.get(before or "")
    if earlier is not None and earlier != selection.chosen:
        _logger.warning(
            "the choice changed from trial %d to trial %d, because %s",
            *(earlier, selection.chosen, selection.how),
        )
    if selection.trivial:
        _logger.warning("warning: %s", _trivial(selection))


def _trivial(selection: Selection) -> str:
    return (
        f"the chosen trial {selection.chosen} is trivial, because {selection.trivial}; small "
        "differences between groups then say little"
    )


def _paragraphs(
    sweep: Sweep, selection: Selection, metrics: pd.DataFrame, gate: GateResult | None
) -> list[str]:
    """Return what the page of the sweep says above its chart."""
    values = ", ".join(
        f"{row['metric']} {_said(row['validation'])} on validation and {_said(row['test'])} on test"
        for row in metrics[metrics["metric"].isin(sweep.plan.shown)].to_dict("records")
    )
    said = [f"Chosen: trial {selection.chosen}, because {selection.how}. It has {values}."]
    if selection.trivial:
        said.append(f"Warning: {_trivial(selection)}.")
    if sweep.plan.constraint is not None and selection.verdict is not None:
        said.append(
            f"The constraint is {sweep.plan.constraint}. On the validation rows: "
            f"{selection.verdict.words}. On the test rows: {str(gate).removeprefix('gate: ')}."
        )
    if sweep.plan.request.reads_group == "no":
        said.append(f"{said_of_left_out()}.")
    if sweep.min_cell > 1:
        said.append(
            f"The data are sensitive: metrics of trials about fewer than {sweep.min_cell} rows, or "
            "from which they could be computed, are left out, and so are trials without a value "
            "on both axes of a chart."
        )
    return said + [f"Warning: {each}." for each in sweep.warnings]


def _said(value: float) -> str:
    """Return a value as text. It is missing if it is undefined or about few rows."""
    return f"{value:.3f}" if math.isfinite(value) else "no value"


def _named(kind: str, metric: str, column: str) -> str:
    """Return the name of a logged metric, which MLflow groups by `validation`, `test` and so on."""
    kind, limit, end = kind.partition("_ci_")
    name, slash, other = metric.partition("/")
    return f"{kind}/{metric_name(f'{name}{limit}{end}{slash}{other}', column)}"


def _compare(
    validation: Mapping[str, float], test: Mapping[str, float], constrained: Sequence[str] = ()
) -> pd.DataFrame:
    """Return a table of the metrics that one of them has, with those of comparisons first.

    A metric that is undefined on both is left out: a resumed sweep reads the validation metrics
    from the tracking store, where an undefined one is not logged.
    Validation and test rows are independent, so the limits of a difference come from the limits of
    both values (Zou and Donner 2008, "Construction of confidence limits about effect measures: a
    general approach", Statistics in Medicine 27).
    """
    rows = []
    for name in dict.fromkeys([*COMPARED_METRICS, *constrained, *GATE_METRICS]):
        if any(math.isfinite(each.get(name, math.nan)) for each in (validation, test)):
            of_both = [
                metrics.get(key, math.nan)
                for metrics in (validation, test)
                for key in interval_keys(name)
            ]
            (value, low, high), (other, other_low, other_high) = of_both[:3], of_both[3:]
            difference = value - other
            below = math.hypot(value - low, other_high - other)
            above = math.hypot(high - value, other - other_low)
            rows.append((name, *of_both, difference, difference - below, difference + above))
    ends = ("", "_ci_low", "_ci_high")
    columns = [f"{where}{end}" for where in ("validation", "test") for end in ends]
    columns += [f"optimism{end}" for end in ends]
    return pd.DataFrame(rows, columns=["metric", *columns])


def _register(name: str, uri: str, run: Run, chosen_run: str) -> str:
    """Return the URI of the registered version, and register the model unless it is registered."""
    before = run.data.tags.get(SWEEP_REGISTERED, "")
    if run.data.tags.get(SWEEP_MODEL) == uri and before.startswith(f"models:/{name}/"):
        return before
    for known in versions_of_run(chosen_run):
        # An earlier process was stopped after it had registered the model.
        if known.name == name and known.tags.get(SWEEP_CHOSEN_RUN) == chosen_run:
            return f"models:/{name}/{known.version}"
    try:
        version = mlflow.register_model(uri, name, tags={SWEEP_CHOSEN_RUN: chosen_run})
    except MlflowException as error:
        raise RequestError(
            f"the registry refuses register={name}: {error.message}; the model is {uri}"
        ) from error
    return f"models:/{name}/{version.version}"
