"""Search mitigators and hyperparameters: `mlflow run . -e sweep -P method=bayesian`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from fairrun.data import DataRequest
from fairrun.entrypoints._command import (
    UNDEFINED,
    entry_point,
    print_checks,
    read_early,
    slow_imports,
)
from fairrun.entrypoints._options import data_options, min_cell_option, min_frequency_option
from fairrun.entrypoints._types import given
from fairrun.metrics import has_sign
from fairrun.runs.main_defaults import COMPARED_METRICS
from fairrun.sweep.methods import METHODS, TRIALS
from fairrun.sweep.objectives import check_choice, interval_keys
from fairrun.sweep.selection import RULES
from fairrun.sweep.space_text import read_space
from fairrun.text import format_table, with_interval

if TYPE_CHECKING:
    from fairrun.runs.sweep import Swept


class CountOrAuto(click.ParamType[int | None]):
    """A whole number of at least 1, or auto, which becomes None."""

    name = "count"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """Return the number, or None."""
        if value == "auto":
            return None
        if not str(value).isdecimal() or int(value) < 1:
            self.fail(
                f"{value!r} is not allowed; give a whole number of at least 1, or auto", param, ctx
            )
        return int(value)


def _described(rows: dict[str, str]) -> str:
    return "; ".join(f"{name}: {meaning}" for name, meaning in rows.items())


@entry_point
@data_options
@click.option(
    "--method",
    type=click.Choice(list(METHODS)),
    default="random",
    help=f"The method that chooses the trials. {_described(METHODS)}.",
)
@click.option(
    "--trials",
    type=CountOrAuto(),
    default="auto",
    help=f"The number of trials; auto: {TRIALS}, or the number of the resumed sweep. A grid tries "
    "all combinations, and needs their number here if there are more than 10,000.",
)
@click.option(
    "--space",
    default="default",
    help="The search space, such as 'mitigator=none,group_thresholds; C=0.01..100 log; "
    "group_thresholds.tolerance=0..0.2', or the path of a YAML file.",
)
@click.option(
    "--reads-group",
    type=click.Choice(["any", "no"]),
    default="any",
    help="no: try only methods whose models never read a protected column in prediction.",
)
@click.option(
    "--objective",
    default="accuracy,statistical_parity",
    help="One metric to improve, or two metrics whose frontier is searched.",
)
@click.option(
    "--constraint",
    default="none",
    help="The requirement for the chosen trial, such as 'statistical_parity<=0.05'; none for none.",
)
@click.option(
    "--select",
    type=click.Choice(["auto", *RULES]),
    default="auto",
    help="The rule that chooses a trial; auto: constrained with a constraint, else knee. "
    f"{_described(RULES)}.",
)
@click.option(
    "--folds",
    type=click.IntRange(min=1),
    default=1,
    help="The number of cross-validation folds on train and validation together; 1 measures on "
    "validation.",
)
@click.option(
    "--workers",
    type=CountOrAuto(),
    default="auto",
    help="The number of processes; auto: the number of cores.",
)
@min_frequency_option
@min_cell_option
@click.option(
    "--register",
    default="none",
    help="The name to register the chosen model under; none to register none.",
)
@click.option(
    "--trials-experiment",
    default="auto",
    help="The MLflow experiment of the trials' runs and models, which is created if it does not "
    "exist; auto: the experiment of the sweep's run.",
)
@click.option("--resume", default="none", help="The run id of an interrupted sweep, to resume it.")
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    default=0,
    help="Seed of the search and of the fits.",
)
def main(
    data: DataRequest,
    constraint: str,
    select: str,
    register: str,
    trials_experiment: str,
    resume: str,
    **plain: Any,
) -> None:
    """Train many models, choose one on validation, and evaluate it once on test."""
    of_trials = None if constraint == "none" else constraint
    if plain["space"] != "default":
        read_space(plain["space"], plain["reads_group"])  # which the run reads again
    if resume == "none":
        check_choice(plain["objective"], of_trials, given(select))
        data = read_early(data)

    with slow_imports():
        from fairrun.runs.sweep import run_sweep
        from fairrun.runs.sweep_request import SweepRequest

    request = SweepRequest(
        constraint=of_trials,
        select=given(select),  # type: ignore[arg-type]
        register=None if register == "none" else register,
        trials_experiment=given(trials_experiment),
        **plain,
    )
    _say(run_sweep(data, request, None if resume == "none" else resume))


def _say(swept: Swept) -> None:
    from fairrun.runs.sweep_description import with_optimism
    from fairrun.tracking.hints import where_to_look

    selection = swept.selection
    group_a, group_b = swept.groups
    trials = format_table(_trials(swept))
    click.echo(
        "The trials on the frontier and the chosen trial, on validation; "
        f"group_a = {group_a}, group_b = {group_b}.\n\n{trials}"
    )
    of_constraint = ""
    if selection.verdict is not None:
        of_constraint = f"; the constraint on validation: {selection.verdict.words}"
    click.echo(
        f"\nChosen: trial {selection.chosen} by the rule {selection.rule}, because "
        f"{selection.how}{of_constraint}. Optimism is validation - test.\n"
    )
    shown = swept.outcome["metric"].isin([*COMPARED_METRICS, *swept.shown])
    measured = format_table(with_optimism(swept.outcome[shown]))
    click.echo(measured)
    if "undefined" in trials + measured:
        click.echo(UNDEFINED)
    found = swept.alternatives
    click.echo(f"\nIs there a less discriminatory alternative? {found.sentence}")
    if found.how:
        click.echo(f"{found.how}\n\n{format_table(found.table)}")
    if swept.gate is not None:
        click.echo("\nThe constraint on the test rows, which the choice did not use:")
        print_checks(swept.gate)
    click.echo(f"\nThe charts of run {swept.run_id} are sweep.html and plots/*.png:")
    for line in where_to_look(swept.run_id):
        click.echo(f"  {line}")
    more = ", or try more trials" if len(swept.commands) > 2 else ""
    click.echo(f"next, evaluate or serve the chosen model{more}:")
    for line in swept.commands:
        click.echo(f"  {line}")
    if swept.gate is not None:
        click.echo(f"\n{swept.gate}")


def _trials(swept: Swept) -> pd.DataFrame:
    """Return the trials of the frontier, the best second objective first, and the chosen one."""
    frontier, chosen = swept.selection.frontier, swept.selection.chosen
    numbers = list(frontier) if chosen in frontier else [*frontier, chosen]
    rows = swept.table.set_index("number").loc[numbers].reset_index()
    shown = pd.DataFrame({"trial": rows["number"], "mitigator": rows["mitigator"]})
    for name in swept.shown:
        limits = rows[list(interval_keys(name))]
        signed = has_sign(name)
        shown[name] = [with_interval(*row, signed=signed) for row in limits.to_numpy().tolist()]
    mark = "chosen" if chosen in frontier else "chosen, not on the frontier"
    return shown.assign(choice=[mark if number == chosen else "" for number in numbers])
