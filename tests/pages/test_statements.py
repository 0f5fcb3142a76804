"""What only a person can say about a model, from the file of the parameter `card`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fairrun.errors import RequestError
from fairrun.pages import NO_STATEMENTS, STATEMENTS, read_statements
from tests.conftest import ROOT

TEMPLATE = ROOT / "docs" / "card.yaml"


def test_the_template_has_every_key_with_its_question_and_no_answer() -> None:
    text = TEMPLATE.read_text("utf-8")
    found = re.findall(r"^(\w+): +# (.*)$", text, flags=re.MULTILINE)
    assert dict(found) == STATEMENTS
    assert read_statements(str(TEMPLATE)).missing == [*STATEMENTS]


def test_answers_are_text_and_those_that_are_empty_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("name: Ranker\nretention: 2027-01-01\nrisks: '  '\nowner:\nchanges: 3\n")
    said = read_statements(str(path))
    assert said.answers["retention"] == "2027-01-01"
    assert [said.get(key) for key in ("name", "risks", "owner", "changes")] == [
        *("Ranker", "", "", "3")
    ]
    assert said.missing == [
        key for key in STATEMENTS if key not in ("name", "retention", "changes")
    ]
    assert said.path == str(path)


def test_without_a_file_everything_is_missing() -> None:
    assert read_statements(None) is NO_STATEMENTS
    assert NO_STATEMENTS.missing == [*STATEMENTS]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("intended-use: ranks", "has the unknown key 'intended-use'; did you mean intended_use"),
        ("zzz: 1", "the keys are name, summary"),
        ("name: [a, b]", "name is not text; give a line such as intended_use"),
        ("- name", "has no keys; give lines such as intended_use"),
        ("name: {", "card="),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_line(
    text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=said) as refused:
        read_statements(str(path))
    assert "\n" not in str(refused.value)
    with pytest.raises(RequestError, match=r"card=.*nowhere\.yaml"):
        read_statements(str(tmp_path / "nowhere.yaml"))
