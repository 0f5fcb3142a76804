"""A table of decisions that some other system made: who got which decision, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.checks import notes_on_spelling
from fairrun.data.clusters import clusters_note, read_clusters
from fairrun.data.decisions import Decisions
from fairrun.data.decisions_request import DecisionsRequest, resolve_decisions
from fairrun.data.given_scores import decide_by_threshold, read_scores, score_notes
from fairrun.data.outcomes import Outcome, read_outcome
from fairrun.data.selecting import check_columns, check_distinct
from fairrun.data.source_table import SourceTable
from fairrun.data.sources import load_source
from fairrun.data.spec import DatasetSpec
from fairrun.data.typed import TypedTable, type_columns
from fairrun.data.weights import read_weights, weights_note
from fairrun.data.where import parse_where, rows_where
from fairrun.errors import RequestError
from fairrun.groups import name_groups
from fairrun.text import n_of

__all__ = ["DecisionTable", "ReadDecisionsRequest", "read_decisions"]

_WHAT = {"prediction": "a decision", "score": "a score", "target": "a label"}


@dataclass(frozen=True)
class DecisionTable:
    """A table of decisions as it was read.

    Attributes
    ----------
    decisions : Decisions
        The rows that are audited, with all columns of the table. Dates are text. A note about
        something that is probably not as the user meant it begins with "warning".
    request : DecisionsRequest
        The request with everything that was resolved: the favourable values as the data write them,
        and the columns of a known data set or a YAML spec.
    spec : DatasetSpec
        Name, source and types of the data, and the protected columns with named groups. Its target
        is the column with the labels; without labels it is that with the decisions or scores.
    n_dropped : int
        The number of rows that were left out because they have no decision, score or label. Rows
        that `where` leaves out are not counted.
    """

    decisions: Decisions
    request: DecisionsRequest
    spec: DatasetSpec
    n_dropped: int


@dataclass(frozen=True)
class ReadDecisionsRequest(DecisionsRequest):
    """A request with its table.

    Attributes
    ----------
    table : DecisionTable or None
        The table of the request.
    """

    table: DecisionTable | None = None


def read_decisions(
    request: DecisionsRequest,
    raw: SourceTable | pd.DataFrame | None = None,
    *,
    predict: Callable[[pd.DataFrame, str | None, float | None], pd.DataFrame] | None = None,
    model_types: Mapping[str, str] | None = None,
) -> DecisionTable:
    """Read a table of decisions.

    Parameters
    ----------
    request : DecisionsRequest
        The user's parameters.
    raw : SourceTable or pandas.DataFrame, optional
        The rows. By default they are read from `request.data`.
    predict : callable, optional
        A model, whose answers are audited in place of a column: a function of rows, of the
        favourable value and of the threshold to a table with the column `prediction`, 0 or 1, and
        perhaps `probability`; its ``attrs["notes"]`` may say what was decided. It gets the rows as
        a typed source holds them; those of a text file are typed as for a training.
    model_types : mapping of str to {"number", "category"}, optional
        The types of the columns that the model takes, with which a text file is read.

    Returns
    -------
    DecisionTable

    Raises
    ------
    RequestError
        If a required parameter is missing, a column cannot be used in its role, a group has no row,
        no row is left, or too many rows have no decision, score or label.

    Examples
    --------
    >>> table = pd.DataFrame({"sex": ["Male", "Female"] * 3, "hired": list("yynnyn")})
    >>> request = DecisionsRequest("jobs.csv", "hired", protected=["sex"], privileged=["Male"])
    >>> read_decisions(request, table).decisions.prediction.tolist()
    [1, 1, 0, 0, 1, 0]
    """
    read_ahead = request.table if isinstance(request, ReadDecisionsRequest) else None
    if read_ahead is not None and raw is None and predict is None:
        return read_ahead
    request.check_decided(by_model=predict is not None)
    request, spec = resolve_decisions(request)
    if raw is None:
        raw = load_source(spec.source, spec.read)
    table = raw if isinstance(raw, SourceTable) else SourceTable(raw)
    typed = _typed(table, request, spec, model_types or {})
    keep, n_dropped, left = _kept(typed.frame, request, spec.max_dropped)
    frame = typed.frame[keep].reset_index(drop=True)
    labels = _read_labels(frame, request)
    if predict is None:
        made = _read_made(frame, request, None if labels is None else labels.favourable)
    else:
        # A text file has no types of its own, so those that were decided here count.
        rows = frame if table.written else table.frame[keep].reset_index(drop=True)
        # A model without a signature gets all other columns, so it must not see the labels.
        rows = rows.drop(columns=[name for name in rows if str(name) == request.target])
        meant = request.favourable or request.positive
        made = _answered(predict(rows, meant, request.threshold))
    spec = replace(spec, protected=tuple(name_groups(frame, each) for each in spec.protected))
    weight = None if spec.weight is None else read_weights(frame[spec.weight])
    cluster = None if spec.cluster is None else read_clusters(frame[spec.cluster])

    notes = [*typed.notes, *left]
    if labels is not None and labels.is_guess:
        notes.append(_guess(labels, str(request.target), "label", "positive"))
    notes += [*made.notes, *_warnings(made.prediction, labels)]
    if weight is not None:
        notes.append(weights_note(str(spec.weight), weight))
    if cluster is not None:
        notes.append(clusters_note(str(spec.cluster), frame[str(spec.cluster)], cluster))
    notes += [note for each in spec.protected for note in notes_on_spelling(frame, each)]
    label = None if labels is None else labels.label
    roles = (request.prediction, request.score, request.target, spec.weight, spec.cluster)
    no_features = [name for name in (*roles, *spec.drop) if name is not None and name in frame]
    return DecisionTable(
        Decisions(
            *(frame, made.prediction, made.score, label, weight, cluster, tuple(notes)),
            outcomes=tuple(dict.fromkeys(no_features)),
        ),
        replace(
            request,
            positive=request.positive if labels is None else labels.favourable,
            favourable=made.favourable or request.favourable,
            privileged=[each.texts[0] for each in spec.protected],
            unprivileged=[each.texts[1] for each in spec.protected],
        ),
        replace(spec, positive=(labels or made).favourable or spec.positive),
        n_dropped,
    )


@dataclass(frozen=True)
class _Made:
    """What was decided about each row, and the score behind it."""

    prediction: NDArray[np.int64]
    score: NDArray[np.float64] | None = None
    favourable: str | None = None
    notes: tuple[str, ...] = ()


def _answered(answers: pd.DataFrame) -> _Made:
    """Return the answers of a model."""
    score = answers["probability"].to_numpy(np.float64) if "probability" in answers else None
    notes = tuple(answers.attrs.get("notes", ()))
    return _Made(answers["prediction"].to_numpy(np.int64), score, notes=notes)


def _read_labels(frame: pd.DataFrame, request: DecisionsRequest) -> Outcome | None:
    if request.target is None:
        return None
    column, like = frame[request.target], request.favourable
    return read_outcome(column, "target", "positive", request.positive, like)


def _read_made(frame: pd.DataFrame, request: DecisionsRequest, positive: str | None) -> _Made:
    """Return the decisions in a column, or those that a threshold makes from the scores."""
    scores = None
    if request.score is not None:
        scores = read_scores(frame[request.score], request.score_scale)
    if request.prediction is None:
        assert scores is not None  # noqa: S101  check_decided has seen to it
        assert request.threshold is not None  # noqa: S101
        prediction, said = decide_by_threshold(scores, str(request.score), request.threshold)
        return _Made(prediction, scores.probability, notes=(said,))
    column = frame[request.prediction]
    outcome = read_outcome(column, "prediction", "favourable", request.favourable, positive)
    notes = []
    if outcome.is_guess:
        notes.append(_guess(outcome, request.prediction, "decision", "favourable"))
    if scores is None:
        return _Made(outcome.label, None, outcome.favourable, tuple(notes))
    notes += score_notes(outcome.label, scores.probability, str(request.score))
    return _Made(outcome.label, scores.probability, outcome.favourable, tuple(notes))


def _typed(
    table: SourceTable,
    request: DecisionsRequest,
    spec: DatasetSpec,
    model_types: Mapping[str, str],
) -> TypedTable:
    """Decide the types of all columns. Only columns with a role are refused or spoken of."""
    columns = [str(name) for name in table.frame.columns]
    check_distinct(columns)
    named = {"types": [name for name, _ in spec.types], "drop": [*(request.drop or ())]}
    check_columns(columns, request.roles | named)
    if table.written:
        of_model = {name: kind for name, kind in model_types.items() if name in columns}
        spec = replace(spec, types=tuple(sorted((of_model | dict(spec.types)).items())))
    used = {name for names in request.roles.values() for name in names}
    unused = tuple(name for name in columns if name not in {*used, spec.target})
    labels = [name for name in (request.prediction, request.score, request.target) if name]
    typed = type_columns(table, replace(spec, drop=unused, changeable=()), labels=labels)
    # Lists and the like are neither numbers nor text, and nothing can be measured from them.
    others = [
        name
        for name in unused
        if typed.kinds[name] == "other"
        and not typed.frame[name].dropna().map(lambda value: isinstance(value, str)).all()
    ]
    return replace(typed, frame=typed.frame.drop(columns=others))


def _kept(
    frame: pd.DataFrame, request: DecisionsRequest, max_dropped: float
) -> tuple[NDArray[np.bool_], int, list[str]]:
    """Return which rows are audited, how many of those in the filter are incomplete, and notes."""
    if request.where is None:
        keep, notes = _complete(frame, request, max_dropped)
        return keep, int((~keep).sum()), notes
    meant, n_rows = rows_where(frame, parse_where(request.where)), len(frame)
    if not meant.any():
        raise RequestError(
            f"no row of {n_rows:,} is left with where={request.where}; give conditions that some "
            "rows meet"
        )
    said = f"where={request.where}: {int(meant.sum()):,} of {n_of(n_rows, 'row')} are left"
    complete, notes = _complete(frame[meant], request, max_dropped)
    keep = meant.copy()
    keep[meant] = complete
    return keep, int((~complete).sum()), [said, *notes]


def _complete(
    frame: pd.DataFrame, request: DecisionsRequest, max_dropped: float
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return the rows that have a decision, a score and a label, and a sentence about the others.

    Raises RequestError if too many have not.
    """
    columns = {"prediction": request.prediction, "score": request.score, "target": request.target}
    null = {role: frame[name].isna().to_numpy() for role, name in columns.items() if name}
    keep = ~np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *null.values()])
    n_rows, n_kept = len(frame), int(keep.sum())
    if n_kept == n_rows:
        return keep, []
    reasons = [f"{n.sum():,} without {_WHAT[role]}" for role, n in null.items() if n.any()]
    said = f"left out {n_rows - n_kept:,} of {n_rows:,} rows: {', '.join(reasons)}"
    if n_kept and 1 - n_kept / n_rows <= max_dropped:
        return keep, [said]
    ways = []
    if "target" in null and null["target"].any():
        ways.append("leave target out to audit the decisions of all rows")
    if n_kept:
        share = np.ceil(100 * (1 - n_kept / n_rows)) / 100
        ways.append(f"give max_dropped={share:g} to audit the rows that are left")
    if not ways:
        ways.append("give a column with values")
    raise RequestError(
        f"{said}; at most {100 * max_dropped:g}% may be left out, because the others may "
        f"not be like them\n{', or '.join(ways)}"
    )


def _guess(outcome: Outcome, column: str, what: str, parameter: str) -> str:
    return (
        f"{column}: {outcome.favourable!r} is taken for the favourable {what}; give {parameter} if "
        "it is the other value"
    )


def _warnings(prediction: NDArray[np.int64], labels: Outcome | None) -> list[str]:
    """Return what is probably not as the user meant it."""
    found = []
    if prediction.min() == prediction.max():
        which = "favourable" if prediction[0] else "unfavourable"
        found.append(f"warning: all {len(prediction):,} decisions are {which}")
    if labels is None:
        return found
    if (prediction == labels.label).all():
        found.append(
            "warning: the decision is equal to the label in every row; check that target is what "
            "was observed afterwards, and not the decision itself"
        )
    elif _is_opposite(prediction, labels.label):
        found.append(
            "warning: rows with a favourable decision have the favourable label less often than "
            "the others; check favourable and positive"
        )
    return found


def _is_opposite(prediction: NDArray[np.int64], label: NDArray[np.int64]) -> bool:
    if prediction.min() == prediction.max():
        return False
    return bool(label[prediction == 1].mean() < label[prediction == 0].mean())
