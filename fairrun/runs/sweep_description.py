"""The descriptions of the runs of a sweep, and the commands to type after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
from mlflow.entities import Run

from fairrun.gate import GateResult, Verdict
from fairrun.metrics import has_sign
from fairrun.runs.described import HEADLINES, describe_data, describe_dropped, describe_gate
from fairrun.runs.sweep_request import Sweep
from fairrun.sweep.group_readers import said_of_left_out
from fairrun.sweep.selection import Selection
from fairrun.sweep.trial import State, TrialResult
from fairrun.text import format_table, n_of, with_interval
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.hints import mlflow_serve, next_command
from fairrun.tracking.names import SWEEP_EXPERIMENT
from fairrun.tracking.trials import run_link, trial_name

__all__ = [
    "STATES",
    "commands_after_sweep",
    "describe_begun",
    "describe_resuming",
    "describe_sweep",
    "resume_command",
    "with_optimism",
]

#: What the states of trials are called.
STATES: dict[State, str] = {"complete": "complete", "failed": "failed", "pruned": "stopped early"}


def resume_command(run_id: str, trials: int | None = None) -> str:
    """Return the command that resumes a sweep, with another number of trials if it is given."""
    more = {} if trials is None else {"trials": str(trials)}
    return next_command(run_id, "sweep", {"resume": run_id} | more)


def describe_begun(run_id: str) -> None:
    """Describe a sweep when it begins, so that the page of a killed one says how to resume it."""
    describe_run(
        "This sweep has begun, and has not ended. If its process is gone, resume it.",
        commands=[resume_command(run_id)],
    )


def describe_resuming(sweep: Run) -> None:
    """Describe the run of a command that resumes a sweep, in which there is nothing else."""
    link = run_link(str(sweep.info.run_name), sweep.info.experiment_id, sweep.info.run_id)
    describe_run(f"This command has resumed {link}. All results are there.")


def describe_sweep(
    run: Run,
    sweep: Sweep,
    trials: Mapping[int, TrialResult],
    selection: Selection,
    metrics: pd.DataFrame,
    *,
    chosen_run: str,
    gate: GateResult | None,
    about_models: str,
    alternative: str,
    commands: Sequence[str],
) -> None:
    """Describe a sweep that has ended: what was tried, the choice and why, the verdict, what next.

    Parameters
    ----------
    run : mlflow.entities.Run
        The run of the sweep.
    sweep, trials, selection
        See `finish_sweep`.
    metrics : pandas.DataFrame
        The metrics of the chosen model; see `Outcome.metrics`.
    chosen_run : str
        The run of the chosen trial.
    gate : GateResult or None
        The result of the constraint on the test rows; None without a constraint.
    about_models : str
        For which trials a model is logged; see `said_of_kept`.
    alternative : str
        Whether there is a less discriminatory alternative.
    commands : sequence of str
        See `commands_after_sweep`.
    """
    plan, dataset = sweep.plan, sweep.dataset
    experiment = run.data.tags.get(SWEEP_EXPERIMENT, run.info.experiment_id)
    counts = Counter(each.state for each in trials.values())
    states = ", ".join(f"{counts[state]} {word}" for state, word in STATES.items() if counts[state])
    aims = " and ".join(as_code(str(each)) for each in plan.objectives)
    measured = (
        f"measured on {n_of(len(dataset.splits['validation']), 'validation row')}"
        if plan.request.folds == 1
        else f"cross-validated in {plan.request.folds} folds"
    )
    mitigator = str(trials[selection.chosen].parameters.get("mitigator", "none"))
    name = trial_name(selection.chosen, mitigator)
    verdict, checks = "No constraint was given, so there is no verdict.", ""
    if plan.constraint is not None and gate is not None and selection.verdict is not None:
        verdict = (
            f"The constraint {as_code(str(plan.constraint))}: **{selection.verdict.words}** on the "
            f"validation rows, **{gate.verdict.words}** on the test rows."
        )
        checks = f"On the test rows, which the choice did not use: {describe_gate(gate)}"
    apart = ""
    if SWEEP_EXPERIMENT in run.data.tags:
        apart = (
            f"The trials are in [an experiment of their own](#/experiments/{experiment}), with the "
            "models of the others."
        )
    left_out = f" {said_of_left_out()}." if plan.request.reads_group == "no" else ""
    warnings = [f"the chosen trial is trivial, because {selection.trivial}"]
    warnings = [*sweep.warnings, *(warnings if selection.trivial else ())]
    describe_run(
        f"Chose **{run_link(name, experiment, chosen_run)}** of {n_of(len(trials), 'trial')} "
        f"({states}), because {escaped(selection.how)}. {verdict}",
        f"Tried them on {describe_data(dataset.spec)} with the method "
        f"{as_code(plan.request.method)}, each {measured}, to improve {aims}.{left_out}",
        _table(metrics),
        checks,
        f"Is there a less discriminatory alternative? {escaped(alternative)}",
        "\n".join(f"- Warning: {escaped(each)}." for each in warnings),
        f"{about_models[0].upper()}{about_models[1:]}. {apart}".strip(),
        "`sweep.html` and `plots/` show all trials.",
        describe_dropped(dataset.n_dropped),
        commands=commands,
    )


def _table(metrics: pd.DataFrame) -> str:
    rows = metrics[metrics["metric"].isin(HEADLINES)]
    return format_table(with_optimism(rows)[["metric", "validation", "test"]]) if len(rows) else ""


def with_optimism(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics of a chosen model, and their optimism, as texts with their intervals.

    Parameters
    ----------
    metrics : pandas.DataFrame
        See `Outcome.metrics`.

    Returns
    -------
    pandas.DataFrame
        The columns `metric`, `validation`, `test` and `optimism`.
    """
    texts = {"metric": list(metrics["metric"])}
    for where in ("validation", "test", "optimism"):
        limits = metrics[["metric", where, f"{where}_ci_low", f"{where}_ci_high"]]
        texts[where] = [
            with_interval(*row, signed=where == "optimism" or has_sign(name))
            for name, *row in limits.to_numpy().tolist()
        ]
    return pd.DataFrame(texts)


def commands_after_sweep(
    run_id: str, sweep: Sweep, model: str, gate: GateResult | None
) -> list[str]:
    """Return the commands to type after a sweep: use the model, or try more trials.

    More trials come first if the gate has not passed. A grid has no more of them, and a sweep of
    sensitive data cannot be resumed.
    """
    use = [next_command(run_id, "evaluate", {"model": model}), mlflow_serve(run_id, model)]
    request = sweep.plan.request
    if request.method == "grid" or sweep.dataset.spec.sensitive:
        return use
    more = [resume_command(run_id, 2 * sweep.plan.n_trials)]
    return [*use, *more] if gate is None or gate.verdict is Verdict.PASS else [*more, *use]
