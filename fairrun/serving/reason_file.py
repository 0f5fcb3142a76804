"""Reading the file with the texts of adverse-decision notices.

A YAML file can replace every text, so a notice can be in any language:

    columns:
      capital-gain:
        code: R04
        name: income from capital
        text: Income from capital
        low: Income from capital is low or none
      workclass:
        code: R05
        text: Kind of employer
        values:
          Without-pay: {code: R06, text: Work without pay}
    sentences:
      opening: We could not approve your application.
      reasons: "The main reasons are: {reasons}."
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairrun.documents import read_yaml, searched
from fairrun.errors import RequestError
from fairrun.inference import value_text
from fairrun.serving.reason_sentences import PLACEHOLDERS, SENTENCES, words_in
from fairrun.text import did_you_mean

__all__ = ["read_texts"]

_PARTS = ("columns", "sentences")
_OF_COLUMN = ("code", "name", "text", "low", "high", "values")
_OF_STATEMENT = ("code", "text")
#: These may begin or end with a blank.
_SEPARATORS = ("separator", "or")
#: The largest file, in bytes, and the longest text and code, in characters. Every worker process
#: gets the whole file.
_MOST_BYTES, _LONGEST, _LONGEST_CODE = 2**18, 600, 20


def read_texts(path: str) -> dict[str, dict[str, Any]]:
    """Read a file with texts, and check what can be checked without a model.

    Parameters
    ----------
    path : str
        The path of a YAML file.

    Returns
    -------
    dict
        The parts `columns` and `sentences`, which JSON can represent. `texts_for` takes it.

    Raises
    ------
    RequestError
        If the file cannot be read, a key is unknown, a text is none, or a word in braces cannot be
        filled in.
    """
    try:
        too_large = Path(path).stat().st_size > _MOST_BYTES
    except OSError as error:
        raise RequestError(
            f"reason_texts={path} cannot be read ({error.strerror}){searched(Path(path))}"
        ) from error
    if too_large:
        raise RequestError(f"reason_texts={path} has more than {_MOST_BYTES:,} bytes; shorten it")
    given = read_yaml(path, "reason_texts")
    document = _mapping(given, _PARTS, f"reason_texts={path}")
    columns = document.get("columns") or {}
    if not isinstance(columns, dict):
        raise _wrong("columns", "has no columns", "give a name, a colon and the texts for each")
    return {
        "columns": {str(name): _column(str(name), texts) for name, texts in columns.items()},
        "sentences": _sentences(document.get("sentences") or {}),
    }


def _column(name: str, given: Any) -> dict[str, Any]:
    texts = _mapping(given, _OF_COLUMN, f"reason_texts, column {name!r:.80}")
    checked: dict[str, Any] = {}
    for key, value in texts.items():
        place = f"{name}, {key}"
        if key == "code":
            checked[key] = _code(place, value)
        elif key in ("name", "text"):
            checked[key] = _text(place, value)
        elif key in ("low", "high"):
            checked[key] = _said(place, value)
        elif isinstance(value, dict):
            checked[key] = {
                _of_characters(place, value_text(each)): _said(place, said)
                for each, said in value.items()
            }
        else:
            raise _wrong(place, "has no values", "give a value, a colon and a text for each")
    return checked


def _said(place: str, given: Any) -> str | dict[str, str]:
    """Return a text, or a text with a code of its own."""
    if not isinstance(given, dict):
        return _text(place, given)
    said = _mapping(given, _OF_STATEMENT, f"reason_texts, {place}")
    if "text" not in said:
        raise _wrong(place, "has a code without a text", "give text, too")
    text = {"text": _text(place, said["text"])}
    return text | ({"code": _code(place, said["code"])} if "code" in said else {})


def _sentences(given: Any) -> dict[str, str]:
    own = _mapping(given, SENTENCES, "reason_texts, sentences")
    checked = {key: _text(key, text, strip=key not in _SEPARATORS) for key, text in own.items()}
    for key, text in checked.items():
        words = PLACEHOLDERS.get(key, ())
        allowed = [f"{{{word.rstrip('*')}}}" for word in words]
        used = {f"{{{word}}}" for word in words_in(text)}
        if unknown := sorted(used - {*allowed}):
            may = f"it may have {', '.join(allowed)}" if allowed else "it has no such words"
            raise _wrong(key, f"has {unknown[0]:.40}, which cannot be filled in", may)
        needed = {f"{{{word[:-1]}}}" for word in words if word.endswith("*")}
        if left_out := sorted(needed - used):
            raise _wrong(key, f"has no {left_out[0]}", "write it where the content shall stand")
    return checked


def _mapping(given: Any, allowed: Iterable[str], what: str) -> dict[str, Any]:
    keys = [*allowed]
    if not isinstance(given, dict):
        raise RequestError(f"{what} has no keys; give some of {', '.join(keys)}")
    for key in given:
        if key not in keys:
            near = did_you_mean(str(key), keys, f"give some of {', '.join(keys)}")
            raise RequestError(f"{what} has an unknown key {str(key)!r:.40}; {near}")
    return given


def _text(place: str, given: Any, *, strip: bool = True) -> str:
    if not isinstance(given, str) or (strip and not given.strip()) or len(given) > _LONGEST:
        raise _wrong(place, f"is no text of 1 to {_LONGEST} characters", "write one, in quotes")
    return _of_characters(place, " ".join(given.split()) if strip else given)


def _code(place: str, given: Any) -> str:
    code = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(code, str) or not code.strip() or len(code) > _LONGEST_CODE:
        raise _wrong(
            place, f"is no code of 1 to {_LONGEST_CODE} characters", "give one such as R04"
        )
    return _of_characters(place, code.strip())


def _of_characters(place: str, text: str) -> str:
    """Return the text; raise RequestError if JSON or a letter cannot have one of its characters."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and not character.isspace():
            what = f"has the control character U+{ord(character):04X}"
            raise _wrong(place, what, "leave it out")
    return text


def _wrong(place: str, what: str, instead: str) -> RequestError:
    return RequestError(f"reason_texts: {place!r:.80} {what}; {instead}")
