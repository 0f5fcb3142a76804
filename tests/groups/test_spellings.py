from __future__ import annotations

import pandas as pd
import pytest

from fairrun.groups import Protected, group_lookup, parse_group, spelling_notes, spellings


@pytest.mark.parametrize(
    ("values", "alike"),
    [
        (["Male", "male", " Male", "MALE.", "Female"], [{"Male", "male", " Male", "MALE."}]),
        (
            ["African-American", "African American", "Asian"],
            [{"African-American", "African American"}],
        ),
        (["non_white", "Non - White"], [{"non_white", "Non - White"}]),
        (["Mâle", "Ma\u0302le", "Male"], [{"Mâle", "Ma\u0302le"}]),
        (["\uff2dale", "male"], [{"\uff2dale", "male"}]),
        (["STRASSE", "straße"], [{"STRASSE", "straße"}]),
        # These differ in more than spelling.
        (["A+", "A-", "A", "B"], []),
        (["<25 years", ">25 years", "=25 years"], []),
        (["1", "-1", "1.", "?", "-", ""], []),
        (["कि", "का"], []),
    ],
)
def test_values_that_differ_only_in_spelling(values: list[str], alike: list[set[str]]) -> None:
    assert spellings(values) == alike


def test_the_note_says_what_to_write() -> None:
    values = ["Male", " male", "a|b", "A|B", "Female"]
    first, second = spelling_notes("sex", values)
    assert first.startswith("the protected column 'sex' has the values ' male' and 'Male', which")
    group = first.partition("in one group: ")[2]
    assert {item.text for item in parse_group(group)} == {"Male", " male"}
    lookup = group_lookup(pd.DataFrame({"sex": values}), Protected("sex", group, "Female"))
    assert set(lookup.group_a) == {"Male", " male"}
    assert second.endswith('"A|B"|"a|b"')
    assert spelling_notes("site", [1.0, 2.0]) == ()
