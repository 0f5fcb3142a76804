"""What a user may say about reading a file."""

from __future__ import annotations

import pytest

from fairrun.data import ReadOptions
from fairrun.errors import RequestError


def test_options_that_are_written_come_back() -> None:
    said = {
        "delimiter": ";",
        "decimal": ",",
        "thousands": ".",
        "encoding": "latin-1",
        "header": False,
        "names": ["a", "b"],
        "comment": "#",
        "strip": False,
        "sheet": "2024",
        "query": "SELECT 1",
    }
    assert ReadOptions.from_dict(said).to_dict() == said
    assert ReadOptions.from_dict({}).to_dict() == {}


@pytest.mark.parametrize("given", ["tab", "\\t", "\t"])
def test_a_tab_has_a_name(given: str) -> None:
    assert ReadOptions.from_dict({"delimiter": given}).delimiter == "\t"


def test_null_is_as_if_not_given_and_a_sheet_may_be_a_number() -> None:
    assert ReadOptions.from_dict({"delimiter": None, "sheet": 2024}) == ReadOptions(sheet="2024")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"delimeter": ";"}, "read.delimeter is not an option .* did you mean delimiter"),
        ({"foo": 1}, "read.foo is not an option .* give some of delimiter, decimal, thousands"),
        ([";"], "is not a mapping of options"),
        ({"delimiter": ";;"}, "read.delimiter=';;' is not valid; give one character"),
        ({"delimiter": '"'}, "give one character that is not a letter, a digit or a quote"),
        ({"delimiter": "§"}, "give one character"),
        ({"delimiter": 1}, "give one character"),
        ({"delimiter": []}, "give one character"),
        ({"comment": "//"}, "read.comment='//' is not valid"),
        ({"decimal": ";"}, "read.decimal=';' is not valid; give '.' or ','"),
        ({"decimal": []}, "give '.' or ','"),
        ({"thousands": "1"}, "read.thousands='1' is not valid"),
        ({"thousands": "."}, "read.decimal and read.thousands are both '.'"),
        ({"delimiter": ";", "comment": ";"}, "read.delimiter and read.comment are both ';'"),
        ({"encoding": "utf-9"}, "read.encoding='utf-9' is not known; give for example utf-8"),
        ({"encoding": "rot13"}, "read.encoding='rot13' is not known"),
        ({"encoding": "base64"}, "read.encoding='base64' is not known"),
        ({"encoding": 8}, "read.encoding=8 is not known"),
        ({"header": "no"}, "read.header='no' is not valid; give true or false"),
        ({"strip": 0}, "read.strip=0 is not valid; give true or false"),
        ({"names": "a,b"}, "read.names is not valid; give a list of the names of all columns"),
        ({"names": ["a", "a"]}, "each another text"),
        ({"names": ["a", {}]}, "read.names is not valid"),
        ({"sheet": True}, "read.sheet=True is not valid; give a text"),
        ({"query": " "}, "read.query=' ' is not valid; give a text"),
    ],
)
def test_what_is_no_option_is_refused_in_a_line(given: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        ReadOptions.from_dict(given)
