from __future__ import annotations

from itertools import pairwise

import pytest

from fairrun.sweep.kept import kept_trials, said_of_kept
from fairrun.sweep.selection import Selection


def selection(n: int, chosen: int) -> Selection:
    """Return a selection whose frontier is the trials 100, 101, …"""
    return Selection(tuple(range(100, 100 + n)), chosen, "knee", None)


@pytest.mark.parametrize("n", [1, 2, 9, 10, 11, 12, 37, 200])
def test_at_most_ten_of_a_frontier_are_kept_with_both_ends(n: int) -> None:
    first, *others = kept_trials(selection(n, chosen=7))
    assert first == 7  # chosen, and not on the frontier
    assert len(others) == min(n, 10)
    assert (others[0], others[-1]) == (100, 99 + n)
    gaps = {after - before for before, after in pairwise(others)}
    assert len(gaps) <= 2  # evenly along the frontier
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


def test_the_chosen_trial_is_kept_once() -> None:
    assert kept_trials(selection(4, chosen=102)) == (102, 100, 101, 103)
    assert len(kept_trials(selection(30, chosen=101))) == 11


def test_the_trials_without_a_model_are_named() -> None:
    said = said_of_kept(selection(12, chosen=105))
    assert "10 of the 12 trials of the frontier, spread evenly along it with both ends" in said
    assert said.endswith("; not for trials 103, 108")
    assert said_of_kept(selection(1, chosen=100)) == (
        "a model is logged for the chosen trial 100, which is the frontier"
    )
