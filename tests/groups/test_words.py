from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from fairrun.groups import Protected, ProtectedColumn, group_lookup, label_of, name_groups
from fairrun.inference import YES_NO, Columns, GroupLookup, value_text
from tests.conftest import ROOT

#: What the page says: a file holds one pair; a parameter or a request says another word.
YES = ["true", "1", "1.0", "yes", "y", "t"]
NO = ["false", "0", "0.0", "no", "n", "f"]
FILES: list[tuple[Any, Any]] = [
    *((True, False), (1, 0), (1.0, 0.0), ("True", "False"), ("TRUE", "FALSE"), ("1", "0")),
    *(("1.0", "0.0"), ("Yes", "No"), ("yes", "NO"), ("Y", "N"), ("t", "f")),
]


def test_the_page_has_the_table() -> None:
    page = (ROOT / "docs" / "groups.md").read_text("utf-8")
    table = re.search(r"<!-- yes and no -->\n(.*?)\n\n", page, flags=re.DOTALL)
    assert table is not None
    rows = [line.strip("| ").split(" | ") for line in table[1].strip().splitlines()[2:]]
    assert [(a.strip("` "), b.strip("` ")) for a, b in rows] == list(YES_NO)
    assert list(YES_NO) == list(zip(YES, NO, strict=True))


@pytest.mark.parametrize(("yes", "no"), FILES)
def test_one_meaning_in_files_parameters_and_requests(yes: Any, no: Any) -> None:
    rows = pd.DataFrame({"member": [yes, no, yes, None]}, dtype=object)
    texts = sorted({value_text(yes), value_text(no)})
    for word in (*YES, *map(str.upper, YES), "True", True, 1, 1.0):
        assert label_of(texts, value_text(word)) == value_text(yes)
        protected = Protected("member", word)  # type: ignore[arg-type]
        lookup = group_lookup(rows, protected)
        assert lookup.groups(rows).tolist() == [0, 1, 0, -1]
        assert name_groups(rows, protected).texts == (value_text(yes), value_text(no))
        # A request for one row, and a column of tables, say any word of the table.
        assert lookup.groups(pd.DataFrame({"member": [word]})).tolist() == [0]
        assert lookup.groups(Columns({"member": [word, None, no]}, 3)).tolist() == [0, -1, 1]
        column = ProtectedColumn.from_frame(rows, protected)
        assert column.positions(pd.DataFrame({"member": [word, no]})).tolist() == [0, 1]
    for word in (*NO, "No", False, 0):
        assert label_of(texts, value_text(word)) == value_text(no)
        lookup = group_lookup(rows, Protected("member", word))  # type: ignore[arg-type]
        assert lookup.groups(rows).tolist() == [1, 0, 1, -1]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (("00", "01"), "1"),
        (("off", "on"), "yes"),
        (("no", "true"), "1"),  # of two pairs
        (("no", "unknown", "yes"), "1"),  # of three values
        (("NO", "Yes", "no"), "1"),
        (("1", "2"), "yes"),
        ((" no", " yes"), "1"),
    ],
)
def test_other_values_have_only_their_own_text(values: tuple[str, ...], word: str) -> None:
    assert label_of(values, word) is None
    rows = pd.DataFrame({"x": values})
    lookup = group_lookup(rows, Protected("x", values[0], values[1]))
    assert lookup.groups(rows).tolist()[:2] == [0, 1]
    served = lookup.groups(pd.DataFrame({"x": [word, "02"]}))
    assert served.tolist() == [0 if word == values[0] else -1, -1]


def test_the_text_itself_comes_first() -> None:
    assert label_of(["T", "t"], "t") == "t"
    assert label_of(["0", "1"], "1") == "1"


def test_integers_above_two_to_the_53_stay_apart() -> None:
    assert label_of([str(2**53), str(2**53 + 1)], str(2**53 + 1)) == str(2**53 + 1)


def test_what_is_measured_is_what_is_served() -> None:
    """A third value turns the table off in both, so that `true` is not one of the groups."""
    rows = pd.DataFrame({"x": ["1", "0", "true"]})
    protected = Protected("x", "1", "0")
    lookup = group_lookup(rows, protected)
    assert lookup == GroupLookup("x", ("1",), ("0",))
    column = ProtectedColumn.from_frame(rows, protected)
    assert lookup.groups(rows).tolist() == [0, 1, -1]
    assert column.group_of_position[column.positions(rows)].tolist() == [0, 1, -1]
