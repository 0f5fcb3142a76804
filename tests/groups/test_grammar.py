from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.groups import (
    Protected,
    ProtectedColumn,
    format_group,
    group_from_document,
    group_lookup,
    parse_group,
)
from fairrun.inference import read_range, rest_of
from fairrun.inference.ranges import places_in

NUMBERS = st.integers(-9, 9).map(float) | st.floats(-100, 100) | st.just(2.0**60)
TEXT_ITEMS = st.text(st.sampled_from('ab|">=<.. 1é\n'), min_size=1, max_size=6)


@st.composite
def range_items(draw: st.DrawFn) -> str:
    """A condition or edges, as a user writes them."""
    number = draw(NUMBERS)
    if draw(st.booleans()):
        return draw(st.sampled_from([">=", "> ", "<=", "<", "="])) + repr(number)
    edges = sorted({number, draw(NUMBERS), draw(NUMBERS)})
    assume(len(edges) > 1)
    return "..".join(map(repr, edges))


@given(st.lists(st.one_of(range_items(), TEXT_ITEMS, st.just("rest")), min_size=1, max_size=3))
def test_a_group_is_written_so_that_it_reads_the_same(items: list[str]) -> None:
    try:
        read = parse_group(tuple(items))
    except RequestError:
        assume(False)
    assert parse_group(format_group(read)) == read
    assert format_group(parse_group(format_group(read))) == format_group(read)


@given(st.lists(range_items(), min_size=1, max_size=3), st.lists(NUMBERS, min_size=1))
def test_a_number_is_in_one_item_at_most_and_in_one_with_the_rest(
    items: list[str], drawn: list[float]
) -> None:
    try:
        ranges = [item.range for item in parse_group("|".join(items)) if item.range]
    except RequestError:
        assume(False)
    ends = [end for each in ranges for end in (each.low, each.high) if np.isfinite(end)]
    numbers = np.array([*drawn, *ends, *np.nextafter(ends, np.inf), *np.nextafter(ends, -np.inf)])
    times = np.sum([each.contains(numbers) for each in ranges], axis=0)
    assert times.max() <= 1
    rest = rest_of(ranges)
    places = places_in([*map(str, ranges), *([] if rest is None else [rest])], numbers)
    in_rest = places == len(ranges)
    np.testing.assert_array_equal(in_rest if rest is not None else places < 0, times == 0)
    assert (places >= 0).all()


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("White", ["White"]),
        (" White | Asian ", ["White", "Asian"]),
        ('"White | Asian"', ['"White | Asian"']),
        ('" White"', ['" White"']),
        ('"a""b"|c', ['a"b', "c"]),
        ('""', ['""']),
        (">= 40", [">=40"]),
        ("-2.50..0", ["-2.5..0"]),
        ("18..25..40|>=65", ["18..25", "25..40", ">=65"]),
        ("0|>=65", ["0", ">=65"]),
        (">50K", [">50K"]),  # no number, so it is a value
        (">=040", [">=040"]),
        ("1...2", ["1...2"]),
        ("..", [".."]),
    ],
)
def test_text_is_read_as_it_is_written(text: str, items: list[str]) -> None:
    assert [str(item) for item in parse_group(text)] == items


@pytest.mark.parametrize(
    ("privileged", "unprivileged", "said"),
    [
        ("M", "M", "both name M"),
        ("M", ("F", "M"), "both name M"),
        ("", None, "empty item"),
        ("M|", None, "empty item"),
        ((), None, "no items"),
        ("M|M", None, "names M twice"),
        ("40..25", None, "do not rise"),
        ("25..40..40", None, "do not rise"),
        (">=40|30..41", None, "the ranges >=40 and 30..41 overlap"),
        (">=40", "<=40", "the ranges >=40 and <=40 overlap"),
        (">=40", "45", "overlap"),
        ('"M', None, "without a closing one"),
        ('"M"x|F', None, "text after a closing quote"),
        ({"a": 1}, None, "not a value or a list"),
        ([["M"]], None, "not a value or a list"),
        ([None], None, "not a value or a list"),
    ],
)
def test_groups_that_cannot_be_read_are_refused(
    privileged: object, unprivileged: object, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        Protected("sex", privileged, unprivileged)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("White", "White"),
        (["White", "Asian"], "White|Asian"),
        (["a|b"], '"a|b"'),
        ([">=60", "<18"], ">=60|<18"),
        (True, "True"),
        (1, "1"),
        (1.0, "1"),
        ([1, 2], "1|2"),
    ],
)
def test_yaml_says_the_same_as_the_command_line(document: object, text: str) -> None:
    given_in_yaml = Protected("x", group_from_document(document))
    assert given_in_yaml.texts == (text, "rest")
    assert given_in_yaml.items == Protected("x", text, "rest").items


AGES = pd.DataFrame({"age": [17, 18, 24.5, 25, 39, 40, 64, 65, None]})


@pytest.mark.parametrize(
    ("protected", "values", "names", "groups"),
    [
        (
            Protected("age", ">=40"),
            (">=40", "<40"),
            (">=40", "<40"),
            [1, 1, 1, 1, 1, 0, 0, 0, -1],
        ),
        (
            Protected("age", "25..40..65"),
            ("25..40", "40..65", "not 25..40 or 40..65"),
            ("25..40 or 40..65", "not 25..40 or 40..65"),
            [1, 1, 1, 0, 0, 0, 0, 1, -1],
        ),
        (
            Protected("age", "40..65", "18..25"),
            ("40..65", "18..25", "not 40..65 or 18..25"),
            ("40..65", "18..25"),
            [-1, 1, 1, -1, -1, 0, 0, -1, -1],
        ),
        (
            Protected("age", ["40..65", 39], "<18"),
            ("40..65", "=39", "<18", "not 40..65 or =39 or <18"),
            ("40..65 or =39", "<18"),
            [1, -1, -1, -1, 0, 0, 0, -1, -1],
        ),
        (
            Protected("age", ">=25", "<25"),
            (">=25", "<25"),
            (">=25", "<25"),
            [1, 1, 1, 0, 0, 0, 0, 0, -1],
        ),
    ],
)
def test_a_number_finds_its_range(
    protected: Protected, values: tuple[str, ...], names: tuple[str, str], groups: list[int]
) -> None:
    """In training, in tables and when served; numbers outside both groups are a value of tables."""
    column = ProtectedColumn.from_frame(AGES, protected)
    assert column.values == values
    assert column.group_names == names
    assert group_lookup(AGES, protected).groups(AGES).tolist() == groups
    assert column.groups(AGES).tolist() == groups
    positions = column.positions(AGES)
    assert column.group_of_position[positions].tolist() == groups
    assert (positions < 0).tolist() == AGES["age"].isna().tolist()
    # A raw value of each range is found in it again.
    examples = pd.DataFrame({"age": list(column.examples)})
    assert column.positions(examples).tolist() == [*range(len(examples))]


@pytest.mark.parametrize(
    ("ranges", "rest"),
    [
        (">=40", "<40"),
        (">40", "<=40"),
        ("<=40", ">40"),
        ("<25|>=65", "25..65"),
        ("<25|>25", "=25"),
        ("<=25|>65", "not <=25 or >65"),
        ("=25", "not =25"),
        ("<40|>=40", None),
    ],
)
def test_the_rest_of_ranges(ranges: str, rest: str | None) -> None:
    assert rest_of([item.range for item in parse_group(ranges) if item.range]) == rest
    assert rest is None or rest.startswith("not ") or read_range(rest) is not None
