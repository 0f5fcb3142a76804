"""The schemas of the OpenAPI document: columns, answers, explanations, hints, notices, errors."""

from __future__ import annotations

from typing import Any

from fairrun.serving.examples import truth

__all__ = [
    "ERROR",
    "HINTS",
    "NOTICES",
    "REASONS",
    "answers_schema",
    "column_schema",
    "counterfactual_schema",
    "explanation_schema",
    "notice_schema",
    "ref",
]


def ref(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def column_schema(column: dict[str, Any], example: Any) -> dict[str, Any]:
    """Return the schema of the values of one column."""
    kind = ["string" if column["type"] == "text" else "number"]
    values = [*(column["values"] or ())]
    if truth(column):
        kind, values = ["boolean", *kind], [*(value == "True" for value in values), *values]
    kinds = [*kind, "null"] if column["nullable"] else kind
    any_value: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0]}
    said: dict[str, Any] = {"examples": [example]}
    if column["role"] == "row_key":
        text = "The key of the row. A randomised model gives rows with equal keys equal draws."
        return any_value | said | {"description": text}
    if not values:
        return any_value | said
    listed = any_value | {"enum": [*values, *([None] if column["nullable"] else [])]}
    if not column["other_values"]:
        return listed | said
    protected = column["role"] == "protected"
    others = "in neither group: gets the neutral rule" if protected else "not seen in training"
    if column.get("pooled"):  # models of formats 1 to 3 do not say it
        others = "rare, or not seen in training"
    seen = "in one of the two groups" if protected else "seen in training"
    return {"anyOf": [listed | {"title": seen}, any_value | {"title": others}]} | said


def answers_schema(randomised: bool, explains: bool, hints: bool) -> dict[str, Any]:
    """Return the schema of the answers to rows."""

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
    asked_for: dict[str, Any] = {}
    if explains:
        text = "The contributions of all columns for each row, in the order of the columns."
        importance = {"type": "array", "items": {"type": "number"}}
        asked_for["explanations"] = {"type": "array", "items": ref("Explanation")}
        asked_for["feature_importances"] = {
            "type": "array",
            "items": importance,
            "description": text,
        }
        asked_for["reasons"] = {
            "type": "array",
            "items": {"anyOf": [ref("Notice"), {"type": "null"}]},
            "description": "The notice for each row with label 0; null for the others.",
        }
    if hints:
        asked_for["counterfactuals"] = {
            "type": "array",
            "items": {"type": "array", "items": ref("Counterfactual")},
            "description": "The hints for each row, the smallest change first. The list is empty "
            "if no single change that was tried changes the label.",
        }
    return {
        "type": "object",
        "properties": properties | asked_for,
        "required": [*properties],
    }


def _parameter(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": text}


_FLAG: dict[str, Any] = {"type": "boolean", "default": False}
REASONS = [
    _parameter("explain", _FLAG, "Return the contribution of each column to each row's score."),
    _parameter(
        "top_k",
        {"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0},
        "The number of columns in each explanation, largest contribution first; 0 for all. With "
        "reasons=true, also the number of reasons in each notice; 0 for four.",
    ),
    _parameter("feature_importance", _FLAG, "Return the contributions as a plain list, too."),
]
HINTS = _parameter(
    "counterfactuals", _FLAG, "Return changes of single columns that would change the label."
)
NOTICES = _parameter(
    "reasons",
    _FLAG,
    "Return a plain-language notice for each row with label 0: the main reasons, and changes that "
    "would have led to label 1. It does not depend on the protected value.",
)
_BY_COLUMN = {"type": "object", "additionalProperties": {"type": "number"}}


def explanation_schema(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of an explanation, with an example for columns of the model."""
    contributions = dict(zip(names, (0.9, 0.5), strict=False))
    return {
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
        "example": {"base_value": -0.4, "contributions": contributions},
    }


def counterfactual_schema(
    columns: list[dict[str, Any]], example: dict[str, Any], changeable: list[str]
) -> dict[str, Any]:
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
            "to": example[first["name"]],
            "change": None if first["type"] == "text" else 5,
            "decision_probability": 1,
        },
    }


def notice_schema(columns: list[dict[str, Any]], changeable: list[str]) -> dict[str, Any]:
    """Return the schema of an adverse-decision notice."""
    features = [column["name"] for column in columns if column["role"] == "feature"]
    text = {"type": "string"}
    value = {"type": ["number", "string", "boolean", "null"]}
    reason = {
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "The reason code."},
            "text": text,
            "column": {"type": "string", "enum": features},
        },
        "required": ["code", "text", "column"],
    }
    changed = {"type": "string"} | ({"enum": changeable} if changeable else {})
    change = {
        "type": "object",
        "properties": {"column": changed, "from": value, "to": value, "text": text},
        "required": ["column", "from", "to", "text"],
    }
    return {
        "type": "object",
        "description": "Why the label is 0, in words for the person. The notice is the same for "
        "every protected value.",
        "properties": {
            "text": {"type": "string", "description": "The whole account in a few sentences."},
            "reasons": {
                "type": "array",
                "items": reason,
                "description": "The columns that lowered the score, the strongest first.",
            },
            "changes": {
                "type": ["array", "null"],
                "items": change,
                "description": "Changes of single columns that would have led to label 1, the "
                "smallest first. The list is empty if none was found, and null if the model has "
                "no changeable columns.",
            },
        },
        "required": ["text", "reasons", "changes"],
    }


ERROR: dict[str, Any] = {
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
}
