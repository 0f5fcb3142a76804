"""The decision of a promotion, as the history holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT

from fairrun.errors import RequestError
from fairrun.gate import Verdict
from fairrun.inference.manifest import MANIFEST
from fairrun.models.seal import ARTIFACT
from fairrun.runs.promotion import Promoted
from fairrun.runs.promotion_words import bullets
from fairrun.tracking.descriptions import as_code
from fairrun.tracking.history import PROMOTION, ROLLBACK, Entry, History
from fairrun.tracking.moves import Move, move_of
from fairrun.tracking.names import ALIAS_CHALLENGER, ALIAS_CHAMPION, DATASET_DIGEST, MITIGATOR
from fairrun.tracking.registered import aliases_of
from fairrun.tracking.store import find_run
from fairrun.tracking.versions import description_of_version

__all__ = ["check_not_rolled_back", "has_passed", "move_for", "same_decision"]

#: The evidence that is the same if the same command is given again.
_SAME = ("gate", "gate_mode", "margin", "data_digest", "compared_digest", "model_digest")


def move_for(decided: Promoted) -> Move:
    """Return what a decision changes, with what it rests on.

    Parameters
    ----------
    decided : Promoted
        The decision, which is not carried out yet.
    """
    request, candidate, evidence = decided.request, decided.candidate, decided.evidence
    assert evidence is not None  # noqa: S101  a decision rests on it
    model_id, passed = str(candidate.metadata.model_id), decided.verdict is Verdict.PASS
    challenger = passed or decided.verdict is None
    trained = _tags_of_training(decided)
    of_data = {n: trained[n] for n in (DATASET_DIGEST,) if n in trained}
    alias = ALIAS_CHAMPION if passed else ALIAS_CHALLENGER
    return Move(
        kind=PROMOTION,
        name=request.name,
        version=None,
        model_id=model_id,
        source=f"models:/{model_id}",
        trained_by=decided.trained_by,
        verdict="none" if decided.verdict is None else str(decided.verdict),
        challenger=challenger,
        champion=passed,
        champion_before=decided.champion,
        reasons=decided.reasons,
        evidence=_facts(decided, trained),
        tags={MITIGATOR: candidate.mitigator, **of_data, **evidence.tags},
        description=description_of_version(
            *(request.name, model_id, evidence.run_id, candidate.protected[0]),
            decision=_paragraph(decided),
            uri=f"models:/{request.name}@{alias}" if challenger else "",
        ),
    )


def _tags_of_training(decided: Promoted) -> dict[str, str]:
    """Return the tags of the run that trained the candidate; none if it is gone."""
    trained = find_run(decided.trained_by) if decided.trained_by else None
    return {} if trained is None else dict(trained.data.tags)


def _facts(decided: Promoted, trained: Mapping[str, str]) -> dict[str, str]:
    request, against, evidence = decided.request, decided.against, decided.evidence
    compared = None if against is None else against.compared
    manifest = decided.candidate.folder / ARTIFACT / MANIFEST
    return {
        "gate": "none" if request.gate is None else str(request.gate),
        "gate_mode": request.gate_mode,
        "margin": str(request.margins),
        "evaluated_in": "" if evidence is None else evidence.run_id,
        "compared_in": "" if compared is None else compared.run_id,
        "data_digest": "" if evidence is None else evidence.data_digest,
        "compared_digest": "" if compared is None else compared.digest,
        "model_digest": hashlib.sha256(manifest.read_bytes()).hexdigest(),
        "commit": trained.get(MLFLOW_GIT_COMMIT, ""),
    }


def _paragraph(decided: Promoted) -> str:
    verdict = decided.verdict
    what = "Nothing was decided" if verdict is None else f"Verdict: **{verdict.words}**"
    run = as_code(decided.run_id)
    return f"{what} in the promotion of run {run}:\n\n{bullets(decided.reasons)}"


def same_decision(history: History, move: Move) -> tuple[int, str] | None:
    """Return an earlier entry that decided the same from the same evidence.

    A promotion that moves the champion is never the same as an earlier one.

    Returns
    -------
    tuple of (int, str) or None
        The number of the entry and the version; None if the last decision about the model was
        another one.
    """
    if move.champion:
        return None
    of_model = [
        each
        for each in history.entries
        if each.kind == PROMOTION and each.facts.get("model_id") == move.model_id
    ]
    if not of_model or not _is_same(move_of(of_model[-1], move.name), move):
        return None
    entry = of_model[-1]
    version = _version_of(history, entry)
    if version is None:
        return None
    stands = not move.challenger or aliases_of(move.name).get(ALIAS_CHALLENGER) == version
    return (entry.number, version) if stands else None


def has_passed(history: History, model_id: str, gate: str) -> bool:
    """Return whether the last decision about a model was that it passes this gate."""
    decided = [
        move_of(each, history.name)
        for each in history.entries
        if each.kind == PROMOTION and each.facts.get("model_id") == model_id
    ]
    return bool(decided) and decided[-1].champion and decided[-1].evidence.get("gate") == gate


def check_not_rolled_back(history: History, model_id: str) -> None:
    """Refuse a model that somebody has rolled back, and that was not champion again since.

    A person gave a reason for the rollback. A command that is repeated, as in a CI job, must not
    undo it.

    Raises
    ------
    RequestError
        If a rollback has taken the alias from the model.
    """
    versions = {
        _version_of(history, each): each.facts.get("model_id")
        for each in history.entries
        if each.kind == PROMOTION
    }
    rolled_back: dict[str, Entry] = {}
    for decision, done in history.moves:
        rolled_back.pop(str(done.facts["champion"]), None)
        if decision.kind == ROLLBACK:
            rolled_back[str(done.facts["champion_before"])] = decision
    for version, entry in rolled_back.items():
        if versions.get(version) == model_id:
            reasons = "; ".join(move_of(entry, history.name).reasons)
            raise RequestError(
                f"this model is version {version} of {history.name}, which entry {entry.number} of "
                f"the history rolled back ({reasons}); promote does not undo that, and "
                f"-e rollback -P name={history.name} -P version={version} -P reason=… does"
            )


def _is_same(one: Move, other: Move) -> bool:
    what = ("verdict", "challenger", "champion", "champion_before")
    return all(getattr(one, each) == getattr(other, each) for each in what) and all(
        one.evidence.get(each) == other.evidence.get(each) for each in _SAME
    )


def _version_of(history: History, entry: Entry) -> str | None:
    """Return the version that an entry was carried out for; None if it was not."""
    closed = history.done_of(entry)
    if closed is None or closed.facts.get("undone"):
        return None
    return str(closed.facts["version"])
