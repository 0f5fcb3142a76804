"""The section of a report about subgroups."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.metrics import scan_subgroups
from fairrun.pages import Section, finding, subgroups_section
from tests.metrics.test_subgroups import people, planted, selections


def section_of(seed: int = 0, lower: float = 0.2, **more: int) -> tuple[Section, str]:
    frame = people(seed)
    scan = scan_subgroups(frame, None, selections(frame, seed, lower), **more)
    return subgroups_section(scan), finding(scan)


def test_the_finding_names_the_largest_difference() -> None:
    section, found = section_of()
    assert found.startswith("1 of ")
    assert (
        " is confirmed. The largest: sex = Female and region = south has a selection rate of"
        in (found)
    )
    assert found in section.paragraphs
    assert section.plots[0][0] == "subgroups"
    ((caption, table),) = section.tables
    assert caption == "Subgroups against all other rows"
    assert table.iloc[0]["confirmed"] == "yes"
    assert table.iloc[0]["q value"] == "under 0.001"
    assert table.iloc[0]["difference and interval"].startswith("−0.")
    assert all(isinstance(cell, str) for cell in table.to_numpy().ravel())


def test_nothing_confirmed_is_said_as_plainly() -> None:
    section, found = section_of(seed=1, lower=0.0)
    assert found.startswith("No subgroup is confirmed to differ from all other rows (")
    assert "No subgroup is confirmed." in section.plots[0][1]


def test_columns_that_were_not_searched_are_named() -> None:
    frame = people(0).assign(constant=1)
    section = subgroups_section(scan_subgroups(frame, None, selections(frame, 0)))
    assert section.paragraphs[-1].startswith("Not searched: constant (")


@pytest.mark.parametrize("min_cell", [25, 40])
def test_hidden_numbers_are_not_in_the_table(min_cell: int) -> None:
    frame = people(9)
    y_true = np.random.default_rng(109).integers(0, 2, len(frame))
    y_pred = np.where(planted(frame) & (np.arange(len(frame)) > 40), 0, y_true)
    scan = scan_subgroups(frame, y_true, y_pred, min_cell=min_cell)
    ((_, table),) = subgroups_section(scan).tables
    hidden = table[table["difference and interval"].str.startswith("hidden")]
    assert len(hidden)
    numbers = hidden[["rows", "subgroup's rate", "all other rows", "q value"]]
    assert (numbers == "").all(axis=None)
