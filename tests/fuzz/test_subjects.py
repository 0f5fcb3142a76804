"""A bounded search; `python benchmarks/fuzz.py` searches for as long as it is told."""

from __future__ import annotations

import pytest

from tests.fuzz.subjects import SUBJECTS, attack


@pytest.mark.parametrize("name", SUBJECTS)
def test_it_answers_or_refuses(name: str) -> None:
    accepted = [attack(SUBJECTS[name], seed=0, number=number) for number in range(150)]
    # A search in which nothing is accepted, or nothing refused, looks at one half only.
    assert any(accepted)
    assert not all(accepted)
