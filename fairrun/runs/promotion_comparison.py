"""Compare a candidate with the champion of a registered model on the same rows."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import mlflow

from fairrun.data import Decisions, ReadOptions
from fairrun.errors import RequestError
from fairrun.gate import Gate, Margins, NotWorse, Verdict, not_worse
from fairrun.metrics import both_hidden, hidden_groups
from fairrun.models.open import OpenedModel, open_model
from fairrun.runs.compare import ModelsCompared, differences_on, log_compared
from fairrun.runs.compared_rows import ComparedRows, check_alike, have_same_splits
from fairrun.runs.evaluate import rows_to_measure
from fairrun.tracking.descriptions import describe_run, escaped
from fairrun.tracking.names import ALIAS_CHAMPION
from fairrun.tracking.registered import aliases_of
from fairrun.tracking.runs import tracked_run

__all__ = ["Against", "Champion", "champion_of", "compare_with_champion"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Champion:
    """The version that has the alias champion.

    Attributes
    ----------
    version : str
        The version.
    uri : str
        Its URI, `models:/<name>/<version>`.
    model_id : str
        The id of its logged model; empty if the version has none.
    """

    version: str
    uri: str
    model_id: str


@dataclass(frozen=True)
class Against:
    """How a candidate compares with a champion.

    Attributes
    ----------
    champion : Champion
        The champion.
    checks : NotWorse or None
        The comparisons as they are shown; None if the models could not be compared.
    why_not : str
        Why they could not be compared, without a full stop; empty if they were.
    caveat : str
        What a reader must know about the rows, without a full stop; mostly empty.
    compared : ModelsCompared or None
        The run of the comparison.
    """

    champion: Champion
    checks: NotWorse | None
    why_not: str = ""
    caveat: str = ""
    compared: ModelsCompared | None = None

    @property
    def verdict(self) -> Verdict:
        """Return the verdict; without a comparison, it is insufficient evidence."""
        return Verdict.INSUFFICIENT_EVIDENCE if self.checks is None else self.checks.verdict


def champion_of(name: str) -> Champion | None:
    """Return the version of a registered model that has the alias champion; None without one."""
    version = aliases_of(name).get(ALIAS_CHAMPION)
    if version is None:
        return None
    found = mlflow.MlflowClient().get_model_version(name, version)
    # Versions that were registered by earlier MLflow name the logged model in their source only.
    of_source = (found.source or "").removeprefix("models:/")
    model_id = found.model_id or (of_source if of_source.startswith("m-") else "")
    return Champion(version, f"models:/{name}/{version}", str(model_id))


def compare_with_champion(
    candidate: OpenedModel,
    champion: Champion,
    gate: Gate,
    margins: Margins,
    *,
    data: str | None = None,
    read: ReadOptions | None = None,
    min_cell: int,
) -> Against:
    """Compare a candidate with the champion, in a run inside the active one.

    The rows are those of `data`, or else the candidate's test split. A champion that was trained on
    other splits may have been trained on some of these rows. That makes it look better than it is,
    so a candidate that is not worse all the same is none the worse on new rows.

    Parameters
    ----------
    candidate : OpenedModel
        The candidate.
    champion : Champion
        The champion.
    gate : Gate
        The gate, whose metrics are compared.
    margins : Margins
        The largest losses that are accepted.
    data : str, optional
        A table with labels, or a run whose test split is used.
    read : ReadOptions, optional
        How the file in `data` is read.
    min_cell : int
        Numbers about fewer rows are not shown.

    Returns
    -------
    Against
        If the champion cannot be opened, predicts something else or cannot answer the rows, this
        has no comparison, and the reason.

    Raises
    ------
    RequestError
        If the rows cannot be read.
    """
    try:
        other = open_model(champion.uri)
        check_alike(candidate, other)
    except RequestError as error:
        return _not_compared(champion, str(error))
    names = (f"{candidate.mitigator} (candidate)", f"{other.mitigator} (champion)")
    with tracked_run(f"candidate · compare · champion {champion.version}") as run:
        spec, rows, which, n_dropped = rows_to_measure(candidate, data, None, read)
        of_candidate = Decisions.of_answers(candidate.predict(rows.frame), rows)
        try:
            of_champion = Decisions.of_answers(other.predict(rows.frame), rows)
        except RequestError as error:
            against = _not_compared(champion, str(error))
            describe_run(f"The models were not compared: {escaped(against.why_not)}.")
            return against
        both = ComparedRows(of_candidate, of_champion, candidate.protected, spec, which, n_dropped)
        found, paired = differences_on(both)
        checks = not_worse(found, paired, gate, margins)
        uris = (candidate.uri, champion.uri)
        compared = log_compared(
            run.info.run_id, both, (candidate, other), names, uris, min_cell, (found, paired)
        )
        hidden = both_hidden(
            *(
                hidden_groups(paired.counts.model(each), min_cell, unknown=spec.sensitive)
                for each in "ab"
            )
        )
        caveat = "" if data is not None else _caveat(candidate, other)
        return Against(champion, checks.shown(hidden), "", caveat, compared)


def _not_compared(champion: Champion, because: str) -> Against:
    # What the error advises is about the model that was given, and the champion was not.
    reason = because.rpartition("; ")[0] or because
    why = (
        f"the champion, version {champion.version}, cannot be compared with the candidate: {reason}"
        "; to replace it without a comparison, set the alias champion in MLflow, and promote the "
        "candidate again, which then checks the gate alone"
    )
    return Against(champion, None, why)


def _caveat(candidate: OpenedModel, champion: OpenedModel) -> str:
    try:
        alike = have_same_splits(candidate, champion)
    except RequestError:
        alike = False
    if alike:
        return ""
    return (
        "the champion was trained on other splits than the candidate, and may have seen some rows "
        "of this test split, which makes it look better; data=… takes rows that neither has seen"
    )
