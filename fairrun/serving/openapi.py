"""The OpenAPI document of one model: its columns, types, values and a working example."""

from __future__ import annotations

import csv
import io
from typing import Any

from fairrun.serving.errors import CODES

__all__ = ["openapi_document"]

_SPLIT, _RECORDS, _RECORD = "Split", "Records", "Record"


def openapi_document(
    description: dict[str, Any], *, version: str, mitigator: str | None, token: bool
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a model.

    Parameters
    ----------
    description : dict
        The description of the model by `fairrun.inference.describe`.
    version : str
        The model's version, or another identifier that people use.
    mitigator : str or None
        The name of the model's mitigator.
    token : bool
        Whether clients must send a bearer token.

    Returns
    -------
    dict
        The document, which can be written as JSON.
    """
    columns, explains = description["columns"], description.get("explains", False)
    changeable = description.get("changeable", [])
    example = {column["name"]: column["example"] for column in columns}
    split = {
        "columns": [*example],
        "index": [0, 1],
        "data": [[*example.values()], [*_others(columns)]],
    }
    record = {
        "type": "object",
        "title": "one record",
        "properties": {column["name"]: _schema(column) for column in columns},
        "required": [column["name"] for column in columns],
    }
    schemas = {
        _RECORD: record,
        _RECORDS: {"type": "array", "title": "a list of records", "items": _ref(_RECORD)},
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
        "Answers": _answers(description["randomised"], explains, bool(changeable)),
        "Error": _ERROR,
    }
    predict: dict[str, Any] = {
        "tags": ["rows"],
        "summary": "Predict labels and probabilities of raw rows",
        "operationId": "predict",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [_ref(_SPLIT), _ref(_RECORDS), _ref(_RECORD)]},
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
                    "example": _csv(example),
                },
            },
        },
        "responses": {
            "200": _json("The answers, in the order of the rows.", _ref("Answers")),
            **_errors(400, 401 if token else 403, 408, 413, 415, 422, 431, 500, 503, 504),
        },
    }
    parameters = []
    if explains:
        parameters += _REASONS
        schemas["Explanation"] = _EXPLANATION
    if changeable:
        parameters.append(_HINTS)
        schemas["Counterfactual"] = _counterfactual(columns, changeable)
    if parameters:
        predict["parameters"] = parameters
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"fairrun: {mitigator}" if mitigator else "fairrun",
            "version": version,
            "description": "The fairness you measured is the fairness you serve: a row gets the "
            "same answer in any batch, at any time, whatever other clients send.",
        },
        "paths": {"/predict": {"post": predict}, **_about(token)},
        "components": {"schemas": schemas}
        | ({"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}} if token else {}),
    } | ({"security": [{"token": []}]} if token else {})


def _schema(column: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the values of one column."""
    kind = "string" if column["type"] == "text" else "number"
    any_value: dict[str, Any] = {"type": [kind, "null"] if column["nullable"] else kind}
    said: dict[str, Any] = {"examples": [column["example"]]}
    if column["role"] == "row_key":
        text = "The key of the row. A randomised model gives rows with equal keys equal draws."
        return any_value | said | {"description": text}
    if column["values"] is None:
        return any_value | said
    listed = any_value | {"enum": [*column["values"], *([None] if column["nullable"] else [])]}
    if not column["other_values"]:
        return listed | said
    protected = column["role"] == "protected"
    others = "in neither group: gets the neutral rule" if protected else "not seen in training"
    if column.get("pooled"):  # models of formats 1 to 3 do not say it
        others = "rare, or not seen in training"
    seen = "in one of the two groups" if protected else "seen in training"
    return {"anyOf": [listed | {"title": seen}, any_value | {"title": others}]} | said


def _csv(example: dict[str, Any]) -> str:
    """Return one row as CSV with a header."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[*example], [*example.values()]])
    return text.getvalue()


def _others(columns: list[dict[str, Any]]) -> list[Any]:
    """Return a second example row, with the last listed value of each column."""
    return [column["values"][-1] if column["values"] else column["example"] for column in columns]


def _answers(randomised: bool, explains: bool, hints: bool) -> dict[str, Any]:
    def numbers(kind: str, text: str) -> dict[str, Any]:
        limits = {"minimum": 0, "maximum": 1}
        return {"type": "array", "items": {"type": kind, **limits}, "description": text}

    properties = {
        "predictions": numbers("integer", "The labels; 1 = the favourable outcome."),
        "probabilities": numbers("number", "The scores, before a threshold decides on the label."),
    }
    if randomised:
        text = "The probability of label 1 under the model's randomised rule."
        properties["decision_probabilities"] = numbers("number", text)
    example = {"predictions": [1], "probabilities": [0.731], "decision_probabilities": [1]}
    asked_for: dict[str, Any] = {}
    if explains:
        text = "The contributions of all columns for each row, in the order of the columns."
        importance = {"type": "array", "items": {"type": "number"}}
        asked_for["explanations"] = {"type": "array", "items": _ref("Explanation")}
        asked_for["feature_importances"] = {
            "type": "array",
            "items": importance,
            "description": text,
        }
    if hints:
        asked_for["counterfactuals"] = {
            "type": "array",
            "items": {"type": "array", "items": _ref("Counterfactual")},
            "description": "The hints for each row, the smallest change first. The list is empty "
            "if no single change that was tried changes the label.",
        }
    return {
        "type": "object",
        "properties": properties | asked_for,
        "required": [*properties],
        "example": {name: example[name] for name in properties},
    }


def _parameter(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": text}


_FLAG: dict[str, Any] = {"type": "boolean", "default": False}
_REASONS = [
    _parameter("explain", _FLAG, "Return the contribution of each column to each row's score."),
    _parameter(
        "top_k",
        {"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0},
        "The number of columns in each explanation, largest contribution first; 0 for all.",
    ),
    _parameter("feature_importance", _FLAG, "Return the contributions as a plain list, too."),
]
_HINTS = _parameter(
    "counterfactuals", _FLAG, "Return changes of single columns that would change the label."
)
_BY_COLUMN = {"type": "object", "additionalProperties": {"type": "number"}}
_EXPLANATION: dict[str, Any] = {
    "type": "object",
    "description": "log-odds of the probability = base_value + contributions (+ rest).",
    "properties": {
        "base_value": {
            "type": "number",
            "description": "The log-odds before any column of the row is taken into account.",
        },
        "contributions": _BY_COLUMN
        | {"description": "The contribution of each raw column, in log-odds."},
        "rest": {
            "type": "number",
            "description": "With top_k: the sum of the contributions that are not listed.",
        },
        "standard_errors": _BY_COLUMN
        | {"description": "The standard error of each contribution, if they are sampled."},
        "distance_to_threshold": {
            "type": "number",
            "description": "The score minus the threshold for the row's group.",
        },
    },
    "required": ["base_value", "contributions"],
    "example": {"base_value": -0.4, "contributions": {"age": 0.9, "hours": 0.5}},
}


def _counterfactual(columns: list[dict[str, Any]], changeable: list[str]) -> dict[str, Any]:
    """Return the schema of a hint, with an example for a column of the model."""
    kinds = {column["name"]: column for column in columns}
    first = kinds[changeable[0]]
    return {
        "type": "object",
        "description": "A change of one column that changes the label of the row.",
        "properties": {
            "column": {"type": "string", "enum": changeable},
            "to": {
                "type": ["number", "string"],
                "description": "The new value of the column.",
            },
            "change": {
                "type": ["number", "null"],
                "description": "The new number minus the present number; null for text.",
            },
            "decision_probability": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": "P(prediction = 1) of the changed row.",
            },
        },
        "required": ["column", "to", "change", "decision_probability"],
        "example": {
            "column": first["name"],
            "to": first["example"],
            "change": None if first["type"] == "text" else 5.0,
            "decision_probability": 1.0,
        },
    }


_ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "row": {
                    "type": ["integer", "null"],
                    "description": "The position of the first wrong row, from 0.",
                },
                "column": {"type": ["string", "null"]},
            },
            "required": ["code", "message", "row", "column"],
        }
    },
    "required": ["error"],
    "example": {
        "error": {
            "code": "invalid_rows",
            "message": "column 'age': not a number in row 2",
            "row": 2,
            "column": "age",
        }
    },
}


def _about(token: bool) -> dict[str, Any]:
    """Return the paths that describe the state of the app and the model that it serves."""
    strings = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
    status = {"type": "object", "properties": {"status": {"type": "string"}}}
    refused = _errors(401 if token else 403)

    def get(summary: str, answer: dict[str, Any], *, is_open: bool = False) -> dict[str, Any]:
        said: dict[str, Any] = {"summary": summary, "tags": ["about"], "responses": {"200": answer}}
        if is_open and token:
            return {"get": said | {"security": []}}
        return {"get": said | {"responses": {"200": answer} | refused}}

    counts = {"description": "Counts.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    ready = get("Is the model ready to answer?", _json("Yes.", status), is_open=True)
    ready["get"]["responses"] |= _errors(503)
    return {
        "/health": get("Is the process alive?", _json("Yes.", status), is_open=True),
        "/ready": ready,
        "/version": get("Which model is served?", _json("The origin of the model.", strings)),
        "/metrics": get("Counts for Prometheus", counts),
    }


def _errors(*statuses: int) -> dict[str, Any]:
    return {
        str(status): _json(CODES[status].replace("_", " "), _ref("Error")) for status in statuses
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
