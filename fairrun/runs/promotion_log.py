"""Log a promotion: its tables, its page, its verdict and its description."""

from __future__ import annotations

import json

import mlflow

from fairrun.gate import Verdict
from fairrun.metrics import MIN_CELL
from fairrun.pages import render_promotion
from fairrun.runs.described import describe_gate
from fairrun.runs.promotion import Promoted, PromotionRequest
from fairrun.runs.promotion_words import bullets, markdown_of
from fairrun.tracking.descriptions import as_code, describe_run, escaped, link_to_run
from fairrun.tracking.hints import next_command
from fairrun.tracking.names import (
    ALIAS_CHALLENGER,
    ALIAS_CHAMPION,
    GATE,
    GATE_VERDICT,
    NOT_WORSE,
    PROMOTION_PAGE,
)
from fairrun.tracking.runs import log_table

__all__ = ["commands_after_promote", "log_promotion"]

#: The place of a table in a command, which people replace.
_MORE_ROWS = "/path/to/more_rows.csv"


def log_promotion(done: Promoted) -> None:
    """Log what was decided and why to the active run.

    Parameters
    ----------
    done : Promoted
        The decision, as it was carried out.
    """
    result = None if done.evidence is None else done.evidence.result
    checks = None if done.against is None else done.against.checks
    if done.verdict is not None:
        mlflow.set_tag(GATE_VERDICT, str(done.verdict))
    if result is not None:
        log_table(GATE, result.table)
    if checks is not None:
        log_table(NOT_WORSE, checks.table)
    commands = [command for _, command in commands_after_promote(done)]
    page = render_promotion(
        str(done.request.name),
        done.verdict,
        done.outcome,
        about=_about(done),
        reasons=done.reasons,
        result=result,
        checks=checks,
        commands=commands,
    )
    mlflow.log_text(page, PROMOTION_PAGE)
    words = "Nothing was decided" if done.verdict is None else f"Verdict: {done.verdict.words}"
    describe_run(
        f"**{words}.** {escaped(done.outcome)}.",
        bullets(done.reasons),
        "" if checks is None else markdown_of(checks),
        "" if result is None else describe_gate(result),
        _links(done),
        f"{as_code(PROMOTION_PAGE)} has all checks.",
        commands=commands,
    )


def commands_after_promote(done: Promoted) -> list[tuple[str, str]]:
    """Return what to do next, and the command that does it."""
    request, run_id = done.request, done.run_id
    if request.gate_mode == "dry_run":
        return [("promote the model", next_command(run_id, "promote", _given(request)))]
    if done.verdict is Verdict.FAIL and done.trained_by:
        command = next_command(run_id, "main", {"data": done.trained_by})
        return [("compare mitigators on the same data", command)]
    if done.verdict is Verdict.INSUFFICIENT_EVIDENCE and _lacks_rows_to_compare(done):
        parameters = {**_given(request), "data": _MORE_ROWS}
        command = next_command(run_id, "promote", parameters)
        return [("compare both on more labelled rows that neither has seen", command)]
    if done.verdict is Verdict.INSUFFICIENT_EVIDENCE or done.version is None:
        return []
    alias = ALIAS_CHAMPION if done.champion == done.version else ALIAS_CHALLENGER
    uri = f"models:/{request.name}@{alias}"
    return [(f"serve the {alias}", next_command(run_id, "serve", {"model": uri}))]


def _given(request: PromotionRequest) -> dict[str, str]:
    """Return the parameters of a request, to type it again."""
    given = {
        "model": request.model,
        "name": request.name,
        "gate": str(request.gate),
        "margin": str(request.margins),
        "data": request.data,
        "read": None if request.read is None else json.dumps(request.read.to_dict()),
        "card": request.statements.path or None,
        "min_cell": None if request.min_cell == MIN_CELL else str(request.min_cell),
    }
    return {name: value for name, value in given.items() if value is not None}


def _lacks_rows_to_compare(done: Promoted) -> bool:
    """Return whether the gate passed, and only the comparison with the champion is open."""
    result = None if done.evidence is None else done.evidence.result
    checks = None if done.against is None else done.against.checks
    return (
        result is not None
        and result.verdict is Verdict.PASS
        and checks is not None
        and checks.verdict is Verdict.INSUFFICIENT_EVIDENCE
    )


def _about(done: Promoted) -> list[tuple[str, str]]:
    """Return what the page says about the request and the models, as names with texts."""
    request, evidence, against = done.request, done.evidence, done.against
    compared = None if against is None else against.compared
    rows = [
        ("candidate", f"{request.model} ({done.candidate.mitigator})"),
        ("its version", done.version or "not registered"),
        ("trained in run", done.trained_by or "unknown"),
        ("evaluated in run", "none" if evidence is None else evidence.run_id),
        ("champion before", "none" if against is None else against.champion.uri),
        ("compared in run", "none" if compared is None else compared.run_id),
        ("champion now", done.champion or "none"),
        ("gate", "none" if request.gate is None else str(request.gate)),
        ("gate mode", request.gate_mode),
        ("margin", str(request.margins)),
    ]
    if compared is not None:
        which = "the candidate's test split" if compared.rows == "test" else "other labelled rows"
        rows.insert(6, ("compared rows", f"{compared.n_rows:,} of {which}"))
    return rows


def _links(done: Promoted) -> str:
    evidence, against = done.evidence, done.against
    compared = None if against is None else against.compared
    runs = [("the run of training", done.trained_by)]
    runs += [] if evidence is None else [("the evaluation", evidence.run_id)]
    runs += [] if compared is None else [("the comparison", compared.run_id)]
    links = [link_to_run(text, run_id) for text, run_id in runs if run_id]
    return f"See {', '.join(links)}." if links else ""
