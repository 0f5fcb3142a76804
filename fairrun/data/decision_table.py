"""A table of decisions that some other system made: who got which decision, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.checks import notes_on_spelling
from fairrun.data.clusters import clusters_note, read_clusters
from fairrun.data.decisions import Decisions
from fairrun.data.decisions_request import DecisionsRequest, check_said, resolve_decisions
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

__all__ = ["DecisionTable", "read_decisions"]

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


def read_decisions(
    request: DecisionsRequest,
    raw: SourceTable | pd.DataFrame | None = None,
    *,
    predict: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> DecisionTable:
    """Read a table of decisions.

    Parameters
    ----------
    request : DecisionsRequest
        The user's parameters.
    raw : SourceTable or pandas.DataFrame, optional
        The rows. By default they are read from `request.data`.
    predict : callable, optional
        A model, whose answers are audited in place of a column: a function from rows to a table
        with the column `prediction`, 0 or 1, and perhaps `probability`. It gets the rows as a typed
        source holds them; those of a text file are typed as for a training.

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
    check_said(request, is_model=predict is not None)
    request, spec = resolve_decisions(request)
    if raw is None:
        raw = load_source(spec.source, spec.read)
    table = raw if isinstance(raw, SourceTable) else SourceTable(raw)
    typed = _typed(table, request, spec)
    notes, n_rows = list(typed.notes), len(typed.frame)

    keep = np.ones(n_rows, dtype=bool)
    if request.where is not None:
        keep = rows_where(typed.frame, parse_where(request.where))
        notes.append(
            f"where={request.where}: {int(keep.sum()):,} of {n_of(n_rows, 'row')} are left"
        )
        if not keep.any():
            raise RequestError(
                f"no row of {n_rows:,} is left with where={request.where}; give conditions that "
                "some rows meet"
            )
    complete, dropped = _with_outcomes(typed.frame[keep], request, spec.max_dropped)
    notes += dropped
    keep[keep] = complete
    n_dropped = int((~complete).sum())
    frame = typed.frame[keep].reset_index(drop=True)

    label, positive = None, request.positive
    if request.target is not None:
        outcome = read_outcome(
            *(frame[request.target], "target", "positive", request.positive, request.favourable)
        )
        label, positive = outcome.label, outcome.favourable
        notes += _outcome_note(outcome, request.target, "label", "positive")
    favourable, prediction, score = request.favourable, None, None
    if predict is not None:
        answers = predict(table.frame[keep].reset_index(drop=True) if not table.written else frame)
        prediction = answers["prediction"].to_numpy(dtype=np.int64)
        if "probability" in answers:
            score = answers["probability"].to_numpy(dtype=np.float64)
    if request.score is not None:
        given = read_scores(frame[request.score], request.score_scale)
        score = given.probability
        if request.threshold is not None:
            prediction, said = decide_by_threshold(given, request.score, request.threshold)
            notes.append(said)
    if request.prediction is not None:
        outcome = read_outcome(
            *(frame[request.prediction], "prediction", "favourable"),
            *(request.favourable, positive),
        )
        prediction, favourable = outcome.label, outcome.favourable
        notes += _outcome_note(outcome, request.prediction, "decision", "favourable")
    assert prediction is not None  # noqa: S101  check_said has seen to it
    notes += _warnings(prediction, label)
    if request.prediction is not None and request.score is not None and score is not None:
        notes += score_notes(prediction, score, request.score)

    weight = None if request.weight is None else read_weights(frame[request.weight])
    if weight is not None:
        notes.append(weights_note(str(request.weight), weight))
    cluster = None if request.cluster is None else read_clusters(frame[request.cluster])
    if cluster is not None:
        notes.append(clusters_note(str(request.cluster), frame[str(request.cluster)], cluster))
    spec = replace(spec, protected=tuple(name_groups(frame, each) for each in spec.protected))
    notes += [note for each in spec.protected for note in notes_on_spelling(frame, each)]
    request = replace(
        request,
        positive=positive,
        favourable=favourable,
        protected=[each.column for each in spec.protected],
        privileged=[each.texts[0] for each in spec.protected],
        unprivileged=[each.texts[1] for each in spec.protected],
    )
    decisions = Decisions(frame, prediction, score, label, weight, cluster, tuple(notes))
    return DecisionTable(decisions, request, spec, n_dropped)


def _typed(table: SourceTable, request: DecisionsRequest, spec: DatasetSpec) -> TypedTable:
    """Decide the types of all columns. Only columns with a role are refused or spoken of."""
    columns = [str(name) for name in table.frame.columns]
    check_distinct(columns)
    check_columns(columns, request.roles | {"types": [name for name, _ in spec.types]})
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


def _with_outcomes(
    frame: pd.DataFrame, request: DecisionsRequest, max_dropped: float
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return the rows that have a decision, a score and a label, and a sentence about the others.

    Raises RequestError if too many have not.
    """
    given = [("prediction", request.prediction), ("score", request.score)]
    given.append(("target", request.target))
    null = {role: frame[name].isna().to_numpy() for role, name in given if name is not None}
    keep = ~np.logical_or.reduce([*null.values(), np.zeros(len(frame), dtype=bool)])
    n_rows, n_kept = len(frame), int(keep.sum())
    if n_kept == n_rows:
        return keep, []
    counts = [f"{int(found.sum()):,} without {_WHAT[role]}" for role, found in null.items()]
    reasons = [said for said in counts if not said.startswith("0 ")]
    said = f"left out {n_rows - n_kept:,} of {n_rows:,} rows: {', '.join(reasons)}"
    if n_kept and 1 - n_kept / n_rows <= max_dropped:
        return keep, [said]
    ways = []
    if null.get("target", ~keep).any() and "target" in null:
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


def _outcome_note(outcome: Outcome, column: str, what: str, parameter: str) -> list[str]:
    if not outcome.is_guess:
        return []
    return [
        f"{column}: {outcome.favourable!r} is taken for the favourable {what}; give {parameter} if "
        "it is the other value"
    ]


def _warnings(prediction: NDArray[np.int64], label: NDArray[np.int64] | None) -> list[str]:
    """Return what is probably not as the user meant it."""
    found = []
    if prediction.min() == prediction.max():
        which = "favourable" if prediction[0] else "unfavourable"
        found.append(f"warning: all {len(prediction):,} decisions are {which}")
    if label is not None and (prediction == label).all():
        found.append(
            "warning: the decision is equal to the label in every row; check that target is what "
            "was observed afterwards, and not the decision itself"
        )
    elif label is not None and (prediction != label).all():
        found.append(
            "warning: the decision is the opposite of the label in every row; check favourable and "
            "positive"
        )
    return found
