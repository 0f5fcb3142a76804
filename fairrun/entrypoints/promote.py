"""Promote a model to champion: `mlflow run . -e promote -P model=URI -P name=NAME -P gate=…`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairrun.entrypoints._command import entry_point, exit_code_of, print_checks, slow_imports
from fairrun.entrypoints._options import card_option, min_cell_option, read_options
from fairrun.entrypoints._types import JsonObject
from fairrun.entrypoints._types import given as text_if_given
from fairrun.errors import RequestError
from fairrun.gate import MARGIN, parse_margins, read_gate
from fairrun.models.address import check_address

if TYPE_CHECKING:
    from fairrun.runs.promotion import Promoted


@entry_point
@click.option(
    "--model",
    required=True,
    help="The URI of the candidate, a model of fairrun: runs:/<run id>/model, "
    "models:/<name>/<version> or models:/<model id>.",
)
@click.option("--name", required=True, help="The name of the registered model; it may be new.")
@click.option(
    "--gate",
    default="none",
    help="The requirements for the candidate on its test split, such as 'disparate_impact>=0.8; "
    "accuracy>=0.8 @ sex', or the path of a YAML file. Needed unless gate_mode is disabled.",
)
@click.option(
    "--gate-mode",
    type=click.Choice(["disabled", "dry_run", "enabled"]),
    default="enabled",
    help="enabled decides, and ends with exit code 4 if the candidate fails, 5 if there is "
    "insufficient evidence; dry_run says what would happen, and changes nothing; disabled decides "
    "nothing: the candidate becomes the challenger.",
)
@click.option(
    "--margin",
    default=MARGIN,
    help="The largest loss against the champion that is accepted in accuracy and in each metric of "
    "the gate: one number, and perhaps metrics with a number of their own. Metrics that compare "
    "groups lose by their distance from parity, in |log ratio| for a ratio.",
)
@click.option(
    "--data",
    default="auto",
    help="Rows with labels for the comparison with the champion: a table with the columns of both "
    "models, or the run of preprocess, whose test split is used; auto: the candidate's test split.",
)
@click.option(
    "--read",
    type=JsonObject('{"delimiter": ";"}'),
    default="{}",
    help='How the file in data is read, as JSON, such as {"delimiter": ";"}; by default as the '
    "file of the model's own data.",
)
@card_option
@min_cell_option
def main(
    model: str,
    name: str,
    gate: str,
    gate_mode: str,
    margin: str,
    data: str,
    read: dict[str, Any],
    card: str,
    min_cell: int,
) -> int:
    """Make a model the champion of a registered model, if it passes the gate and is not worse."""
    if gate == "none" and gate_mode != "disabled":
        raise RequestError(
            "promote needs gate=…, such as 'statistical_parity<=0.1; accuracy>=0.8'; "
            "gate_mode=disabled only makes the model the challenger"
        )
    demanded = None if gate == "none" or gate_mode == "disabled" else read_gate(gate)
    margins, options = parse_margins(margin), read_options(read)
    check_address(model)

    with slow_imports():
        from fairrun.pages import read_statements
        from fairrun.runs.promote import run_promote
        from fairrun.runs.promotion import PromotionRequest

    statements = read_statements(None if card == "none" else card)
    done = run_promote(
        PromotionRequest(
            *(model, name, demanded, gate_mode, margins),
            data=text_if_given(data),
            read=options,
            statements=statements,
            min_cell=min_cell,
        )
    )
    _say(done)
    return 0 if done.verdict is None else exit_code_of(done.verdict, gate_mode)


def _say(done: Promoted) -> None:
    from fairrun.runs.promotion_log import commands_after_promote
    from fairrun.runs.promotion_words import said_of_champion, said_of_rows
    from fairrun.tracking.hints import where_to_look

    request, evidence, against = done.request, done.evidence, done.against
    click.echo(f"candidate: {request.model} ({done.candidate.mitigator})")
    if evidence is not None:
        click.echo(f"{evidence.how}.")
        if evidence.result is not None:
            print_checks(evidence.result)
            champion = said_of_champion(
                request.name, against, is_champion=done.is_champion, data=request.data
            )
            click.echo(f"\n{champion}")
    if against is not None:
        for sentence in said_of_rows(against, request.margins):
            click.echo(f"{sentence}.")
        if against.checks is not None:
            click.echo(f"\n{against.checks.text}")
    if done.reasons:
        click.echo("\nreasons:")
        for reason in done.reasons:
            click.echo(f"  {reason}")
    click.echo(f"\nrun {done.run_id} has promotion.html; to look at it:")
    for line in where_to_look(done.run_id):
        click.echo(f"  {line}")
    for what, command in commands_after_promote(done):
        click.echo(f"next, {what}:\n  {command}")
    click.echo(f"\n{done}")
