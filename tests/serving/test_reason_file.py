"""Files with texts of notices: what is read, and what is refused in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairrun.errors import RequestError
from fairrun.serving.reason_file import read_texts
from fairrun.serving.reason_sentences import PLACEHOLDERS, SENTENCES, words_in


def read(tmp_path: Path, text: str) -> dict[str, dict[str, object]]:
    path = tmp_path / "texts.yaml"
    path.write_text(text, encoding="utf-8")
    return read_texts(str(path))


def test_a_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    """YAML reads a bare yes as true, and 2 as a number; line breaks are blanks."""
    document = read(
        tmp_path,
        """
        columns:
          gain:
            code: 4
            low:
              Income from
              capital is low
            high: {code: R5, text: High}
          member:
            values: {yes: Is a member, 2: Twice, no one: Nobody}
        sentences:
          separator: " | "
        """,
    )
    assert document == {
        "columns": {
            "gain": {
                "code": "4",
                "low": "Income from capital is low",
                "high": {"code": "R5", "text": "High"},
            },
            "member": {"values": {"True": "Is a member", "2": "Twice", "no one": "Nobody"}},
        },
        "sentences": {"separator": " | "},
    }


@pytest.mark.parametrize("text", ["columns:", "sentences:", "columns: {}"])
def test_parts_can_be_empty(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {"columns": {}, "sentences": {}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no keys; give some of columns, sentences"),
        ("- a", "has no keys; give some of columns, sentences"),
        ("column: {}", "unknown key 'column'; did you mean columns?"),
        ("columns: [age]", "'columns' has no columns; give a name, a colon and the texts"),
        ("columns: {age: old}", "column 'age' has no keys; give some of code, name, text"),
        ("columns: {age: {lower: x}}", "column 'age' has an unknown key 'lower'; did you mean low"),
        ("columns: {age: {text: ''}}", "'age, text' is no text of 1 to 600 characters"),
        ("columns: {age: {text: 7}}", "'age, text' is no text of 1 to 600 characters"),
        ("columns: {age: {low: {code: R1}}}", "'age, low' has a code without a text"),
        ("columns: {age: {low: {x: y}}}", "'x'; give some of code, text"),
        ("columns: {age: {code: true}}", "'age, code' is no code of 1 to 20 characters"),
        ("columns: {age: {values: old}}", "'age, values' has no values"),
        ("sentences: {openning: x}", "unknown key 'openning'; did you mean opening or"),
        ("sentences: {opening: '{name}'}", "'opening' has {name}, which cannot be filled in"),
        ("sentences: {changes: None}", "'changes' has no {changes}; write it where the content"),
        ("sentences: {change: '{to} {name} {too}'}", "{too}, which cannot be filled in; it may"),
        ("columns: {a: {text: x}}\ncolumns: {}", "a key stands twice, line 2"),
        ("columns: {a: !!python/none }", "cannot be read as YAML"),
        ('columns: {age: {text: "a\\ud800"}}', "'age, text' has the control character U+D800"),
        ('columns: {age: {code: "a\\0b"}}', "'age, code' has the control character U+0000"),
        ('columns: {age: {values: {"\\ud800": a}}}', "'age, values' has the control character"),
        ('sentences: {or: "\\e[31m"}', "'or' has the control character U+001B"),
        ("x" * 300_000, "has more than 262,144 bytes; shorten it"),
    ],
)
def test_a_wrong_file_is_refused_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RequestError) as raised:
        read(tmp_path, text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"gone\.yaml cannot be read \(No such file"):
        read_texts(str(tmp_path / "gone.yaml"))


def test_every_sentence_has_only_the_words_that_it_may_have() -> None:
    assert set(PLACEHOLDERS) <= set(SENTENCES)
    for key, sentence in SENTENCES.items():
        allowed = PLACEHOLDERS.get(key, ())
        assert words_in(sentence) <= {word.rstrip("*") for word in allowed}
        assert {word[:-1] for word in allowed if word.endswith("*")} <= words_in(sentence)
