"""Check many cases in one test that lists all that fail.

A test of its own for each of a thousand small cases takes longer than the checks themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

Item = TypeVar("Item")


def check_each(
    cases: Iterable[Item], check: Callable[[Item], object], name: Callable[[Item], object] = str
) -> None:
    """Check every case; fail with a line for each that does not hold.

    Parameters
    ----------
    cases : iterable
        The cases.
    check : callable
        It gets a case, and raises if the case does not hold.
    name : callable
        What a line calls a case.
    """
    failed, first = [], None
    n_cases = 0
    for case in cases:
        n_cases += 1
        try:
            check(case)
        except (Exception, pytest.fail.Exception) as error:
            first = first or error
            failed.append(f"{name(case)}: {type(error).__name__}: {str(error).strip()}")
    assert n_cases, "there is no case"
    if first is not None:
        raise AssertionError("\n".join([f"{len(failed)} of {n_cases} fail", *failed])) from first
