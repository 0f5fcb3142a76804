"""From the body of a request to the body of its answer: the work of a server, without a server."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from typing import Any

import orjson

from fairrun.models.saved import SavedModel
from fairrun.serving.errors import Refused
from fairrun.serving.parameters import read_parameters
from fairrun.serving.requests import read_rows

__all__ = ["Reply", "answer"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """An answer, and what is counted of it.

    Attributes
    ----------
    status : int
        The HTTP status.
    body : bytes
        JSON.
    rows : int
        How many rows were answered.
    unseen : dict of str to int
        How many values of a column training had not seen, where there are any.
    code : str
        Which error it is; empty if it is none.
    """

    status: int
    body: bytes
    rows: int = 0
    unseen: dict[str, int] = field(default_factory=dict)
    code: str = ""


def answer(saved: SavedModel, body: bytes, query: bytes = b"") -> Reply:
    """Answer the body of a request.

    Parameters
    ----------
    saved : SavedModel
        The model.
    body : bytes
        The rows, in one of the shapes of `read_rows`.
    query : bytes
        What more is asked for; see `read_parameters`.

    Returns
    -------
    Reply
        200 with `predictions`, `probabilities` and, where labels are drawn,
        `decision_probabilities`; asked for, `explanations`, `feature_importances` and
        `counterfactuals`; or an error. It does not raise.
    """
    try:
        return _answer(saved, body, query)
    except Refused as refused:
        return Reply(refused.status, refused.body, code=refused.code)
    except Exception as error:  # a bug; its message may hold a value of the request
        where = traceback.extract_tb(error.__traceback__)[-1]
        kind = type(error).__name__
        _logger.error("a bug: %s in %s, line %s", kind, where.filename, where.lineno)
        failed = Refused(500, "the server failed; its log says where")
        return Reply(500, failed.body, code=failed.code)


def _answer(saved: SavedModel, body: bytes, query: bytes) -> Reply:
    asked = read_parameters(query)
    if asked.any_reason and not saved.explains:
        raise Refused(
            422,
            "the model was saved before there were explanations; train it again to have them",
            code="invalid_parameter",
        )
    if asked.counterfactuals and not saved.changeable:
        raise Refused(
            422,
            "no column of the model is changeable; name some under changeable in the dataset spec, "
            "and train it again",
            code="invalid_parameter",
        )
    columns, n_rows = read_rows(body, saved.names)
    rows = saved.code.Columns(columns, n_rows)
    try:
        # Models know as many of these as there were when they were saved.
        wanted = {"explain": asked.any_reason, "counterfactuals": asked.counterfactuals}
        more = {name: True for name, flag in wanted.items() if flag}
        answers = saved.model.answer(rows, **more)
    except saved.code.InputError as error:
        raise Refused(
            422, str(error), code="invalid_rows", row=error.row, column=error.column
        ) from None
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
    written = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Reply(200, written, n_rows, answers.unseen)
