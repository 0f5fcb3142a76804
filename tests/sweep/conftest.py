"""A small problem that sweeps are tried on."""

from __future__ import annotations

import pytest

from fairrun.data import Dataset, prepare
from fairrun.groups import ProtectedColumn
from fairrun.sweep.objectives import Objective, parse_objectives
from fairrun.sweep.trial import Problem
from tests.people import SPEC, make_raw


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return prepare(SPEC, make_raw(1200, seed=3))


@pytest.fixture(scope="session")
def columns(dataset: Dataset) -> tuple[ProtectedColumn, ...]:
    return (ProtectedColumn.from_frame(dataset.splits["train"].frame, dataset.spec.protected[0]),)


@pytest.fixture(scope="session")
def objectives(columns: tuple[ProtectedColumn, ...]) -> tuple[Objective, ...]:
    return parse_objectives("accuracy,statistical_parity", columns)


@pytest.fixture(scope="session")
def problem(
    dataset: Dataset, columns: tuple[ProtectedColumn, ...], objectives: tuple[Objective, ...]
) -> Problem:
    return Problem.of(dataset, columns, objectives)


@pytest.fixture(scope="session")
def folded(
    dataset: Dataset, columns: tuple[ProtectedColumn, ...], objectives: tuple[Objective, ...]
) -> Problem:
    return Problem.of(dataset, columns, objectives, folds=3)
