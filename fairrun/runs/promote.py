"""The `promote` run, which makes a model the champion of a registered model if it may be."""

from __future__ import annotations

import logging
from typing import TypedDict

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_USER

from fairrun.errors import RequestError
from fairrun.gate import Verdict, overall
from fairrun.metrics import check_min_cell
from fairrun.models.open import OpenedModel, fetch_model, open_model
from fairrun.runs.promotion import Promoted, PromotionRequest
from fairrun.runs.promotion_comparison import (
    Against,
    Champion,
    champion_of,
    compare_with_champion,
)
from fairrun.runs.promotion_evidence import Evidence, evidence_of
from fairrun.runs.promotion_log import log_promotion
from fairrun.runs.promotion_move import (
    check_not_rolled_back,
    has_passed,
    move_for,
    same_decision,
)
from fairrun.runs.promotion_words import reasons_of
from fairrun.tracking.history import History, OvertakenError, read_history
from fairrun.tracking.names import METADATA, MITIGATOR, parameter
from fairrun.tracking.promotion import carry_out, settle
from fairrun.tracking.registered import check_name
from fairrun.tracking.runs import log_parameters, tracked_run

__all__ = ["run_promote"]

_logger = logging.getLogger(__name__)

#: How often a promotion decides again because other commands have changed the registered model.
_ATTEMPTS = 5


def run_promote(request: PromotionRequest) -> Promoted:
    """Promote a model to champion if it passes the gate and is not worse than the champion.

    Parameters
    ----------
    request : PromotionRequest
        What is asked.

    Returns
    -------
    Promoted

    Raises
    ------
    RequestError
        If the name, the model, the gate or the data cannot be used.
    StoreError
        If the tracking store cannot be used. The same command then finishes the promotion.
    """
    check_name(request.name)
    check_min_cell(request.min_cell)
    candidate = _open(request.model)
    if request.gate is not None:
        request.gate.check(candidate.protected)
    with tracked_run(f"{request.name} · promote", {MITIGATOR: candidate.mitigator}) as run:
        said = {
            "model": request.model,
            "name": request.name,
            "gate": request.gate,
            "gate_mode": request.gate_mode,
            "margin": request.margins,
            "data": request.data,
            "card": request.statements.path or None,
            "min_cell": request.min_cell,
        }
        log_parameters({parameter("promote", name): value for name, value in said.items()})
        done = _Promotion(request, candidate, run).carry_out()
        log_promotion(done)
        return done


def _open(uri: str) -> OpenedModel:
    """Return the candidate, which has to be a logged model of fairrun in this store."""
    _, metadata = fetch_model(uri)
    if METADATA not in (metadata.metadata or {}):
        raise RequestError(
            f"model={uri} was not made by fairrun, so promote cannot check what it serves; measure "
            "it with -e audit, and set its alias in MLflow"
        )
    opened = open_model(uri)
    model_id = str(opened.metadata.model_id)
    try:
        mlflow.MlflowClient().get_logged_model(model_id)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise RequestError(
            f"model={uri} is not a logged model of this tracking store, so it has no history; give "
            "runs:/<run id>/model, models:/<name>/<version> or models:/<model id>"
        ) from error
    if uri.startswith(("runs:/", "models:/")):
        return opened
    # The logged model becomes a version, so it is measured, and not a copy of its files.
    return open_model(f"models:/{model_id}")


class _By(TypedDict):
    """Who decides: a run and its user."""

    run_id: str
    who: str


class _Promotion:
    """One promotion, which may have to decide again if other commands interfere."""

    def __init__(self, request: PromotionRequest, candidate: OpenedModel, run: Run) -> None:
        self._request, self._candidate = request, candidate
        self._by = _By(run_id=run.info.run_id, who=run.data.tags.get(MLFLOW_USER) or "unknown")
        self._evidence: Evidence | None = None
        self._against: Against | None = None

    def carry_out(self) -> Promoted:
        """Decide, and carry out the decision, until no other command interferes."""
        request, name = self._request, self._request.name
        is_dry = request.gate_mode == "dry_run"
        for _ in range(_ATTEMPTS):
            history = read_history(name) if is_dry else settle(name, **self._by)
            champion = champion_of(name)
            model_id = str(self._candidate.metadata.model_id)
            is_champion = champion is not None and champion.model_id == model_id
            if champion is not None and is_champion and self._has_passed(history, model_id):
                return self._already(history, champion)
            if request.gate_mode != "disabled":
                check_not_rolled_back(history, model_id)
            decided = self._decide(champion, is_champion=is_champion)
            if is_dry:
                return decided.as_dry_run()
            move = move_for(decided)
            if (before := same_decision(history, move)) is not None:
                return decided.as_before(*before)
            try:
                carried = carry_out(history, move, **self._by)
            except OvertakenError:
                _logger.info("another command has changed %s meanwhile; deciding again", name)
                continue
            return decided.as_carried_out(carried.version, carried.champion)
        raise RequestError(
            f"other commands have changed {name} {_ATTEMPTS} times while this one decided, so "
            "nothing was done; give the same command again"
        )

    def _has_passed(self, history: History, model_id: str) -> bool:
        """Return whether the champion has passed this gate, so that nothing is left to decide.

        Somebody may have set the alias by hand, or the gate may be another one than before.
        """
        request = self._request
        return request.gate_mode == "disabled" or has_passed(history, model_id, str(request.gate))

    def _already(self, history: History, champion: Champion) -> Promoted:
        version = f"{self._request.name} version {champion.version}"
        verdict, outcome = None, f"{version} is already champion"
        if history.entries and history.entries[-1].run_id == self._by["run_id"]:
            # `settle` has just closed the decision of a command that was stopped.
            verdict = Verdict.PASS
            outcome = f"{version} is champion; an earlier command decided it and was stopped"
        if path := self._request.statements.path:
            _logger.warning("warning: card=%s was not used, because nothing was decided", path)
        return Promoted(
            *(self._by["run_id"], self._request, self._candidate, verdict, outcome),
            version=champion.version,
            champion=champion.version,
        )

    def _decide(self, champion: Champion | None, *, is_champion: bool) -> Promoted:
        """Return the decision, with the evidence from an earlier attempt as far as it holds."""
        request = self._request
        gate = None if request.gate_mode == "disabled" else request.gate
        if self._evidence is None:
            self._evidence = evidence_of(
                *(self._candidate, gate),
                statements=request.statements,
                min_cell=request.min_cell,
            )
        result = self._evidence.result
        verdict: Verdict | None = None
        reasons: tuple[str, ...] = ("gate_mode=disabled, so nothing was decided",)
        if gate is not None and result is not None:
            if self._against is None or self._against.champion != champion:
                self._against = None
            if self._against is None and champion is not None and not is_champion:
                self._against = compare_with_champion(
                    *(self._candidate, champion, gate, request.margins),
                    data=request.data,
                    read=request.read,
                    min_cell=request.min_cell,
                )
            compared = [] if self._against is None else [self._against.verdict]
            verdict = overall([result.verdict, *compared])
            reasons = reasons_of(result, self._against, is_champion=is_champion)
        return Promoted(
            *(self._by["run_id"], request, self._candidate, verdict, ""),
            *(reasons, self._evidence, self._against),
            champion=None if champion is None else champion.version,
            is_champion=is_champion,
        )
