"""Sweeps that try no method that reads the protected column in prediction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.sweep.group_readers import left_out, reads_group, said_of_left_out
from fairrun.sweep.space_text import read_space
from fairrun.training.mitigation import MITIGATORS

PRE, POST = (
    [name for name, row in MITIGATORS.items() if row.stage == stage] for stage in ("pre", "post")
)
NAMES = st.one_of(
    st.sampled_from([*MITIGATORS]),
    st.tuples(st.sampled_from(PRE), st.sampled_from(POST)).map("+".join),
)


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_no_method_that_reads_the_group_gets_through(names: list[str]) -> None:
    text = f"mitigator={','.join(names)}; resample=none,over"
    readers = [
        name for name in names if any(MITIGATORS[p].group_at_serving for p in name.split("+"))
    ]
    if not readers:
        assert str(read_space(text, "no")) == str(read_space(text))
        return
    with pytest.raises(RequestError) as refused:
        read_space(text, "no")
    said = str(refused.value)
    assert "\n" not in said
    assert all(name in said for name in readers)
    assert said.endswith("leave them out of the space, or give reads_group=any")


def test_the_default_space_has_other_methods_then() -> None:
    space = read_space("default", "no")
    tried = space["mitigator"].values
    assert not any(reads_group(str(name)) for name in tried)
    assert "none" in tried
    assert len(tried) >= 4
    assert any(reads_group(str(name)) for name in read_space("default")["mitigator"].values)


def test_a_space_without_mitigators_is_allowed() -> None:
    assert str(read_space("C=0.1,1", "no")) == "C=0.1,1"


def test_the_methods_that_are_left_out_are_counted() -> None:
    readers = [name for name, row in MITIGATORS.items() if row.group_at_serving]
    assert list(left_out()) == readers
    assert f"{len(readers)} of {len(MITIGATORS) - 1} mitigators" in said_of_left_out()
