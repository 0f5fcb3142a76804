"""The OpenAPI document of one model: its columns, types, values and a working example."""

from __future__ import annotations

from typing import Any

import orjson

from fairrun.models.provenance import Provenance
from fairrun.models.saved import SavedModel
from fairrun.serving.errors import NO_METHOD, NO_PATH, NOT_READY
from fairrun.serving.examples import (
    Examples,
    answer_examples,
    csv_text,
    error_examples,
    example_rows,
)
from fairrun.serving.limits import Limits
from fairrun.serving.reason_texts import ReasonTexts
from fairrun.serving.schemas import (
    ERROR,
    HINTS,
    NOTICES,
    REASONS,
    answers_schema,
    column_schema,
    counterfactual_schema,
    explanation_schema,
    notice_schema,
    ref,
)
from fairrun.serving.version import (
    MODEL_HEADER,
    MODEL_HEADER_SCHEMA,
    VERSION_SCHEMA,
    State,
    version_of,
)

__all__ = ["openapi_document", "title_of"]

_OK: Examples = {"example": {"summary": "example", "value": {"status": "ok"}}}
_READY: Examples = {"example": {"summary": "example", "value": {"status": "ready"}}}
_COUNTS = """fairrun_rows_total 1250.0
fairrun_predict_requests_total{status="200"} 48.0
fairrun_predict_requests_total{status="422"} 2.0
"""
_SPLIT, _RECORDS, _RECORD = "Split", "Records", "Record"


#: What the statuses mean, beside the examples.
_MEANINGS = {
    400: "The body is not JSON or CSV in UTF-8, or the request is not valid HTTP.",
    401: "The token is missing or wrong.",
    403: "The app has no token, and the request may come from another machine.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The content type is neither JSON nor CSV, or the body is compressed.",
    422: "The rows or a parameter of the address cannot be used.",
    431: "The head of the request is too large.",
    500: "The server failed. This is a bug.",
    503: "The server is too busy or is stopping. Try again after the seconds in `Retry-After`.",
    504: "There was no answer in time.",
}


def openapi_document(
    saved: SavedModel,
    provenance: Provenance,
    limits: Limits,
    *,
    token: bool,
    texts: ReasonTexts | None = None,
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a model.

    Parameters
    ----------
    saved : SavedModel
        The model, which answers the examples.
    provenance : Provenance
        The origin of the model.
    limits : Limits
        The limits of the app.
    token : bool
        Whether clients must send a bearer token.
    texts : ReasonTexts, optional
        The texts of the notice among the examples.

    Returns
    -------
    dict
        The document, which can be written as JSON.
    """
    description = saved.description
    columns, explains = description["columns"], saved.explains
    changeable = [*saved.changeable]
    first, last = example_rows(columns)
    example = dict(zip(saved.names, first, strict=True))
    split = {"columns": [*example], "index": [0, 1], "data": [first, last]}
    answered, wrong = answer_examples(saved, texts), error_examples(saved, limits, token=token)
    record = {
        "type": "object",
        "title": "one record",
        "properties": {
            column["name"]: column_schema(column, example[column["name"]]) for column in columns
        },
        "required": [column["name"] for column in columns],
    }
    schemas = {
        _RECORD: record,
        _RECORDS: {"type": "array", "title": "a list of records", "items": ref(_RECORD)},
        _SPLIT: {
            "type": "object",
            "title": 'DataFrame.to_json(orient="split")',
            "description": "The columns can have any order. The index and unknown columns are "
            "ignored.",
            "properties": {
                "columns": {"type": "array", "items": {"type": "string"}},
                "index": {"type": "array", "items": {"type": ["integer", "string"]}},
                "data": {"type": "array", "items": {"type": "array", "items": {}}},
            },
            "required": ["columns", "data"],
            "example": split,
        },
        "Answers": answers_schema(description["randomised"], explains, bool(changeable)),
        "Error": ERROR,
    }
    predict: dict[str, Any] = {
        "tags": ["Predict"],
        "summary": "Predict labels and probabilities of raw rows",
        "operationId": "predict",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [ref(_SPLIT), ref(_RECORDS), ref(_RECORD)]},
                    "examples": {
                        "record": {"summary": "one record", "value": example},
                        "records": {"summary": "a list of records", "value": [example]},
                        "split": {
                            "summary": 'two rows, as DataFrame.to_json(orient="split") writes them',
                            "value": split,
                        },
                    },
                },
                "text/csv": {
                    "schema": {
                        "type": "string",
                        "description": "A line with the names of the columns, then a line for each "
                        "row. An empty cell is null.",
                    },
                    "example": csv_text(columns),
                },
            },
        },
        "responses": {
            "200": _json("The answers, in the order of the rows.", ref("Answers"), answered)
            | {"headers": {MODEL_HEADER: MODEL_HEADER_SCHEMA}},
            **_errors(wrong),
        },
    }
    parameters = []
    if explains:
        parameters += REASONS
        schemas["Explanation"] = explanation_schema(saved.names)
    if changeable:
        parameters.append(HINTS)
        schemas["Counterfactual"] = counterfactual_schema(columns, example, changeable)
    if explains:
        parameters.append(NOTICES)
        schemas["Notice"] = notice_schema(columns, changeable)
    if parameters:
        predict["parameters"] = parameters
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title_of(provenance),
            "version": provenance.version or provenance.run_id or provenance.model_uri,
            "description": _about_model(provenance),
        },
        "paths": {"/predict": {"post": predict}, **_about(provenance, wrong, token=token)},
        "components": {"schemas": schemas}
        | ({"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}} if token else {}),
    } | ({"security": [{"token": []}]} if token else {})


def title_of(provenance: Provenance) -> str:
    """Return the title of the documentation: name and version, or else mitigator and run.

    Examples
    --------
    >>> title_of(Provenance("models:/income@champion", name="income", version="3"))
    'income, version 3'
    >>> title_of(Provenance("runs:/0123456789ab/model", run_id="0123456789ab", mitigator="none"))
    'A model without mitigation, run 01234567'
    """
    if provenance.name and provenance.version:
        return f"{provenance.name}, version {provenance.version}"
    mitigator = provenance.mitigator or "fairrun"
    what = "A model without mitigation" if mitigator == "none" else mitigator
    return f"{what}, run {provenance.run_id[:8]}" if provenance.run_id else what


def _about_model(provenance: Provenance) -> str:
    """Return what the documentation says at its top, as Markdown."""
    verdict = (provenance.gate or "no gate was checked").replace("_", " ")
    facts = {
        "Mitigator": provenance.mitigator,
        "Training run": provenance.run_id,
        "Digest of the training data": provenance.data_digest,
    }
    lines = [f"- {name}: `{value}`" for name, value in facts.items() if value]
    refused = "\n".join(each.body.decode() for each in (NO_PATH, NO_METHOD))
    return "\n\n".join(
        [
            "The fairness you measured is the fairness you serve: a row gets the same answer in "
            "any batch, at any time, whatever other clients send.",
            "\n".join([*lines, f"- Verdict of the fairness gate: {verdict}"]),
            "All example rows are invented. A request that is refused gets the JSON that is shown "
            "at its status. A path that does not exist gets status 404, and a method that a path "
            "does not have gets status 405:",
            f"```\n{refused}\n```",
        ]
    )


def _about(provenance: Provenance, wrong: dict[int, Examples], *, token: bool) -> dict[str, Any]:
    """Return the paths that describe the state of the app and the model that it serves."""
    status = {"type": "object", "properties": {"status": {"type": "string"}}}
    right = 401 if token else 403
    refused = {right: wrong[right]}

    def get(summary: str, answer: dict[str, Any], *, is_open: bool = False) -> dict[str, Any]:
        said: dict[str, Any] = {
            "summary": summary,
            "tags": ["About the server"],
            "responses": {"200": answer},
        }
        if is_open and token:
            return {"get": said | {"security": [], "responses": {"200": answer}}}
        return {"get": said | {"responses": {"200": answer} | _errors(refused)}}

    def example(value: Any) -> Examples:
        return {"example": {"summary": "example", "value": value}}

    counts = {
        "description": "Counts.",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": _COUNTS}},
    }
    ready = get("Is the model ready to answer?", _json("Yes.", status, _READY), is_open=True)
    ready["get"]["responses"] |= _errors({503: example(orjson.loads(NOT_READY.body))})
    shown = version_of(provenance, State())
    origin = _json("The origin of the model.", VERSION_SCHEMA, example(shown))
    return {
        "/health": get("Is the process alive?", _json("Yes.", status, _OK), is_open=True),
        "/ready": ready,
        "/version": get("Which model is served?", origin),
        "/metrics": get("Counts for Prometheus", counts),
    }


def _errors(wrong: dict[int, Examples]) -> dict[str, Any]:
    return {
        str(status): _json(_MEANINGS[status], ref("Error"), examples)
        for status, examples in sorted(wrong.items())
    }


def _json(description: str, schema: dict[str, Any], examples: Examples) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema} | ({"examples": examples} if examples else {})
    return {"description": description, "content": {"application/json": content}}
