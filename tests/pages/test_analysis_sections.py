"""The sections of a report about conditional parity and unknown groups."""

import numpy as np
import pandas as pd

from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    hidden_groups,
    measure_conditional,
    measure_unknown_groups,
    show_conditional,
)
from fairrun.pages import conditional_section, unknown_groups_section
from fairrun.pages.sections import section_tables

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
ROWS = [("x", 0, 800, 496), ("x", 1, 100, 82), ("z", 0, 190, 11), ("z", 1, 700, 75)]


def conditional(more=()):
    rows = [
        (place, sex, int(i < admitted))
        for place, sex, n, admitted in [*ROWS, *more]
        for i in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["department", "sex", "admitted"])
    return measure_conditional(
        frame, ["department"], [SEX], [frame["sex"].to_numpy()], None, frame["admitted"]
    )


def test_the_section_has_the_finding_the_weights_and_every_number():
    section = conditional_section(conditional(), (("conditional", "by stratum"),))
    text = " ".join(section.paragraphs)
    assert "n_a n_b / (n_a + n_b)" in text
    assert "Simpson's paradox" in text
    assert all(each.endswith(".") for each in section.paragraphs)
    (_, pooled), (caption, strata) = section.tables
    assert caption == "sex, given department: selection rates by stratum"
    assert pooled["value (95 % interval)"].iloc[1].startswith("-0.1")
    assert strata["rows, Male"].tolist() == ["800", "190"]
    assert "note" not in pooled
    assert section.plots == (("conditional", "by stratum"),)


def test_names_of_metrics_are_linked_to_their_definitions():
    tables = section_tables(conditional_section(conditional()))
    words = {row[0].word for row in tables[0].rows}
    assert {"statistical_parity", "conditional_demographic_disparity"} <= words
    assert {row[0].word for row in tables[1].rows} == {""}


def test_a_hidden_stratum_has_neither_numbers_nor_its_name():
    found = conditional(
        [("Jo Doe", 0, 9, 3), ("Jo Doe", 1, 2, 1), ("y", 0, 60, 30), ("y", 1, 60, 20)]
    )
    shown = show_conditional(found, hidden_groups(found.counts.marginal("sex")))
    section = conditional_section(shown)
    assert "Jo Doe" not in str(section)
    assert "2 strata not shown" in " ".join(section.paragraphs)
    assert "Jo Doe" in str(conditional_section(found))


def test_bounds_are_shown_with_the_assumption_beside_the_membership():
    rng = np.random.default_rng(0)
    positions, selected = rng.integers(-1, 2, 300), rng.integers(0, 2, 300)
    frame = pd.DataFrame({"p": rng.random(300)})
    found = measure_unknown_groups(frame, ["p"], [SEX], [positions], None, selected)
    section = unknown_groups_section(found)
    ((caption, table),) = section.tables
    assert caption == "sex: bounds"
    assert " to " in table["bounds for all rows"].iloc[0]
    assert "covariance" in " ".join(section.paragraphs)
    without = unknown_groups_section(
        measure_unknown_groups(frame, [], [SEX], [positions], None, selected)
    )
    assert "with membership (95 % interval)" not in without.tables[0][1]
    assert "assumes" not in " ".join(without.paragraphs)
