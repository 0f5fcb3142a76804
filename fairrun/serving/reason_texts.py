"""The texts of the notices of one model: reason codes, reasons in words, and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fairrun.errors import RequestError
from fairrun.models.saved import SavedModel
from fairrun.serving.reason_sentences import SENTENCES, filled
from fairrun.text import did_you_mean, listed_names

__all__ = ["ColumnTexts", "Document", "ReasonTexts", "Statement", "texts_for"]

#: The content of a file with texts, as `read_texts` returns it.
Document = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Statement:
    """A reason as a notice states it.

    Attributes
    ----------
    code : str
        The reason code.
    text : str
        The reason in words.
    """

    code: str
    text: str


@dataclass(frozen=True)
class ColumnTexts:
    """The texts about one column.

    Attributes
    ----------
    name : str
        What people call the column.
    plain : Statement
        The reason, whatever the value.
    low, high : Statement
        The reason if a number is below, or above, the mean of the training rows.
    values : mapping of str to Statement
        The reason for single values of a column of text.
    """

    name: str
    plain: Statement
    low: Statement
    high: Statement
    values: Mapping[str, Statement]


@dataclass(frozen=True)
class ReasonTexts:
    """The texts of the notices of one model.

    Attributes
    ----------
    columns : mapping of str to ColumnTexts
        The texts about each feature.
    sentences : mapping of str to str
        A text for each key of `SENTENCES`.
    remarks : tuple of str
        What the author of the texts should know, such as the columns that have default texts only.
    """

    columns: Mapping[str, ColumnTexts]
    sentences: Mapping[str, str]
    remarks: tuple[str, ...] = ()

    def sentence(self, key: str, **values: str) -> str:
        """Return a sentence with its placeholders filled in."""
        return filled(self.sentences[key], values)

    def joined(self, items: Iterable[str], separator: str = "separator") -> str:
        """Return items as a list within a sentence."""
        return self.sentences[separator].join(items)


def texts_for(saved: SavedModel, document: Document | None = None) -> ReasonTexts:
    """Return the texts of the notices of a model; default texts where the document has none.

    Default texts are made from the names of columns. The default codes C1, C2, … follow the order
    of the features in the signature.

    Parameters
    ----------
    saved : SavedModel
        The model.
    document : mapping, optional
        What `read_texts` returned.

    Returns
    -------
    ReasonTexts

    Raises
    ------
    RequestError
        If the document has a column that is no feature, texts that do not suit the type of their
        column, or one code for two columns.
    """
    of_columns, own = ({}, {}) if document is None else (document["columns"], document["sentences"])
    features = {c["name"]: c for c in saved.description["columns"] if c["role"] == "feature"}
    protected = [c["name"] for c in saved.description["columns"] if c["role"] == "protected"]
    for name, given in of_columns.items():
        if name in protected:
            raise RequestError(
                f"reason_texts has texts about {name!r}, the protected column, of which a notice "
                "says nothing; leave it out"
            )
        if name not in features:
            near = did_you_mean(name, features, f"the features are {listed_names([*features])}")
            raise RequestError(f"reason_texts has {name!r:.80}, which is no feature; {near}")
        is_text = features[name]["type"] == "text"
        for key in ("low", "high") if is_text else ("values",):
            if key in given:
                instead = "values" if is_text else "low and high"
                kind = "text" if is_text else "numbers"
                raise RequestError(
                    f"reason_texts: {name!r:.80} has {key}, but holds {kind}; give {instead}"
                )
    sentences = {**SENTENCES, **own}
    columns = {
        name: _texts_of(name, of_columns.get(name, {}), f"C{number}", sentences)
        for number, name in enumerate(features, 1)
    }
    _check_codes(columns)
    remarks = () if document is None else tuple(_remarks(features, of_columns, own))
    return ReasonTexts(columns, sentences, remarks)


def _texts_of(
    name: str, given: Mapping[str, Any], code: str, sentences: Mapping[str, str]
) -> ColumnTexts:
    code = given.get("code", code)
    words = given.get("name", re.sub(r"[\s_.-]+", " ", name).strip() or name)

    def statement(key: str, template: str) -> Statement:
        said = given.get(key, given.get("text"))
        text = filled(sentences[template], {"name": words}) if said is None else said
        return _statement(text, code)

    return ColumnTexts(
        words,
        statement("text", "default"),
        statement("low", "default_low"),
        statement("high", "default_high"),
        {value: _statement(said, code) for value, said in given.get("values", {}).items()},
    )


def _statement(said: str | Mapping[str, str], code: str) -> Statement:
    if isinstance(said, str):
        return Statement(code, said)
    return Statement(said.get("code", code), said["text"])


def _check_codes(columns: Mapping[str, ColumnTexts]) -> None:
    """Raise RequestError if two columns share a code."""
    owners: dict[str, str] = {}
    for name, texts in columns.items():
        for each in (texts.plain, texts.low, texts.high, *texts.values.values()):
            owner = owners.setdefault(each.code, name)
            if owner != name:
                raise RequestError(
                    f"reason_texts: the columns {owner!r} and {name!r} have the same code "
                    f"{each.code!r}; give each column codes of its own (C1, C2, … are the codes of "
                    "columns that are given none)"
                )


def _remarks(
    features: Mapping[str, Mapping[str, Any]],
    of_columns: Mapping[str, Mapping[str, Any]],
    own: Mapping[str, str],
) -> Iterable[str]:
    without = [
        name
        for name in features
        if not {"text", "low", "high", "values"} & {*of_columns.get(name, ())}
    ]
    if without:
        yield f"reason_texts has no text for {listed_names(without)}; their names are used"
    for name, given in of_columns.items():
        known = features[name]["values"] or []
        unknown = [value for value in given.get("values", {}) if value not in known]
        if unknown:
            # Rare values are not named in the model, so this may be right.
            yield (
                f"reason_texts, column {name!r}: the model names no value "
                f"{listed_names(unknown)}; check the spelling"
            )
    missing = [key for key in SENTENCES if key not in own]
    if own and missing:
        yield f"reason_texts has no sentence {listed_names(missing)}; the English one is used"
