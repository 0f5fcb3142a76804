"""Answers to request bodies, independent of the HTTP server."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from fairrun.models.saved import SavedModel
from fairrun.serving.csv_rows import read_csv_pieces
from fairrun.serving.errors import FAILED, Refused, place_of
from fairrun.serving.limits import CSV, JSON
from fairrun.serving.parameters import Parameters, read_parameters
from fairrun.serving.reason_texts import ReasonTexts, texts_for
from fairrun.serving.reasons import notices
from fairrun.serving.requests import read_pieces
from fairrun.text import shift_rows

__all__ = ["Reply", "answer"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """An answer, with the numbers that the server's metrics count.

    Attributes
    ----------
    status : int
        The HTTP status.
    body : bytes
        The answer as JSON.
    rows : int
        The number of answered rows.
    unseen : dict of str to int
        The number of values that did not occur in training, by column. Columns without such values
        are left out.
    code : str
        The code of the error; empty if there is none.
    """

    status: int
    body: bytes
    rows: int = 0
    unseen: dict[str, int] = field(default_factory=dict)
    code: str = ""


def answer(
    saved: SavedModel,
    body: bytes,
    query: bytes = b"",
    kind: bytes = JSON,
    wanted: Callable[[], bool] = lambda: True,
    texts: ReasonTexts | None = None,
) -> Reply:
    """Return the answer to the body of a request; no exception is raised.

    Parameters
    ----------
    saved : SavedModel
        The model.
    body : bytes
        The rows, in one of the shapes of `read_rows`, or as CSV; see `read_csv_pieces`.
    query : bytes
        The query string with optional parameters; see `read_parameters`.
    kind : bytes
        The content type of the body, `JSON` or `CSV`.
    wanted : callable
        Whether the answer is still wanted. It is asked before each piece of a large body.
    texts : ReasonTexts, optional
        The texts of adverse-decision notices; by default they are made from the names of columns.

    Returns
    -------
    Reply
        Status 200 with `predictions` and `probabilities`, or an error. A randomised model adds
        `decision_probabilities`. On request, the answer has `explanations`,
        `feature_importances`, `counterfactuals` and `reasons`.
    """
    try:
        return _answer(saved, body, query, kind, wanted, texts)
    except Refused as refused:
        return Reply(refused.status, refused.body, code=refused.code)
    except Exception as error:
        _logger.error("internal error: %s", place_of(error))
        return Reply(FAILED.status, FAILED.body, code=FAILED.code)


def _answer(
    saved: SavedModel,
    body: bytes,
    query: bytes,
    kind: bytes,
    wanted: Callable[[], bool],
    texts: ReasonTexts | None,
) -> Reply:
    asked = read_parameters(query)
    if (asked.any_reason or asked.reasons) and not saved.explains:
        raise Refused(
            422,
            "the model was saved by a version without explanations; train it again to get them",
            code="invalid_parameter",
        )
    if asked.counterfactuals and not saved.changeable:
        raise Refused(
            422,
            "the model has no changeable columns; name some under changeable in the dataset spec, "
            "and train it again",
            code="invalid_parameter",
        )
    if kind == CSV:
        # Models of earlier versions read every text as it stands.
        strip = bool(getattr(getattr(saved.model, "cleaning", None), "strip", False))
        pieces = read_csv_pieces(body, saved.description["columns"], strip=strip)
    else:
        pieces = read_pieces(body, saved.names)
    written: dict[str, list[bytes]] = {}
    unseen: Counter[str] = Counter()
    n_rows = 0
    try:
        for columns, length in pieces:
            if not wanted():
                raise Refused(503, "the client has closed its connection")
            answers = _answers(saved, saved.code.Columns(columns, length), asked)
            content = _content(saved, answers, asked)
            if asked.reasons:
                content["reasons"] = notices(
                    saved,
                    columns,
                    answers.prediction,
                    answers.decision_probability,
                    texts or texts_for(saved),
                    asked.top_k,
                )
            for name, values in content.items():
                # Without its brackets, so that the pieces can be joined.
                part = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
                written.setdefault(name, []).append(part)
            unseen.update(answers.unseen)
            n_rows += length
    except Refused as refused:
        # Positions count from the first row of a piece.
        raise Refused(
            refused.status,
            shift_rows(str(refused), n_rows, refused.column),
            code=refused.code,
            row=None if refused.row is None else refused.row + n_rows,
            column=refused.column,
        ) from None
    members = (
        b'"%b":[%b]' % (name.encode(), b",".join(filter(None, parts)))
        for name, parts in written.items()
    )
    return Reply(200, b"{%b}" % b",".join(members), n_rows, dict(unseen))


def _answers(saved: SavedModel, rows: Any, asked: Parameters) -> Any:
    # Only requested options are passed, because models from earlier versions lack some of them.
    wanted = {"explain": asked.any_reason, "counterfactuals": asked.counterfactuals}
    more = {name: True for name, flag in wanted.items() if flag}
    try:
        return saved.model.answer(rows, **more)
    except saved.code.InputError as error:
        raise Refused(
            422, str(error), code="invalid_rows", row=error.row, column=error.column
        ) from None


def _content(saved: SavedModel, answers: Any, asked: Parameters) -> dict[str, Any]:
    content: dict[str, Any] = {
        "predictions": answers.prediction,
        "probabilities": answers.probability,
    }
    if saved.description["randomised"]:
        content["decision_probabilities"] = answers.decision_probability
    if asked.explain:
        content["explanations"] = answers.explanations.to_dicts(asked.top_k)
    if asked.feature_importance:
        content["feature_importances"] = answers.explanations.plain()
    if asked.counterfactuals:
        content["counterfactuals"] = answers.counterfactuals
    return content
