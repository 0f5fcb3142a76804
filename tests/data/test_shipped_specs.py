"""The specs in docs/specs run on made-up files with the headers of the public ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from fairrun.data import DataRequest, Dataset, SourceTable, prepare, resolve_spec
from tests.conftest import ROOT

N_ROWS = 600

COMPAS = """
id name first last compas_screening_date sex dob age age_cat race juv_fel_count decile_score
juv_misd_count juv_other_count priors_count days_b_screening_arrest c_jail_in c_jail_out
c_case_number c_offense_date c_arrest_date c_days_from_compas c_charge_degree c_charge_desc
is_recid r_case_number r_charge_degree r_days_from_arrest r_offense_date r_charge_desc r_jail_in
r_jail_out violent_recid is_violent_recid vr_case_number vr_charge_degree vr_offense_date
vr_charge_desc type_of_assessment decile_score.1 score_text screening_date v_type_of_assessment
v_decile_score v_score_text v_screening_date in_custody out_custody priors_count.1 start end event
two_year_recid
"""
BANK = """
age job marital education default balance housing loan contact day month duration campaign pdays
previous poutcome y
"""
GERMAN = """
status duration credit_history purpose amount savings employment_duration installment_rate
personal_status sex other_debtors present_residence property age age_group
other_installment_plans housing existing_credits job people_liable telephone foreign_worker
credit_risk
"""


def made_up(header: str, **columns: list[str]) -> SourceTable:
    """Make a table. A column without values has numbers."""
    rng = np.random.default_rng(5)
    cells = {
        name: rng.choice(columns[name], N_ROWS)
        if name in columns
        else rng.integers(0, 9, N_ROWS).astype(str)
        for name in header.split()
    }
    return SourceTable(pd.DataFrame(cells, dtype=str), written=True)


def compas() -> SourceTable:
    table = made_up(
        COMPAS,
        sex=["Male", "Female"],
        race=["Caucasian", "African-American", "Hispanic"],
        c_charge_degree=["F", "M"],
        c_charge_desc=["Battery", "arrest case no charge"],
        r_charge_desc=["", "", "Battery"],
        violent_recid=[""],
        type_of_assessment=["Risk of Recidivism"],
        v_type_of_assessment=["Risk of Violence"],
        two_year_recid=["0", "1"],
    )
    frame = table.frame.assign(id=[str(row) for row in range(N_ROWS)])
    frame["c_charge_desc"] = frame["c_charge_desc"].mask(frame.index < 30, "")
    return SourceTable(frame, written=True)


def bank() -> SourceTable:
    return made_up(
        BANK,
        job=["admin.", "services", "unknown"],
        marital=["married", "single", "divorced"],
        education=["primary", "tertiary", "unknown"],
        default=["no", "yes"],
        housing=["no", "yes"],
        loan=["no", "yes"],
        contact=["cellular", "unknown"],
        month=["may", "jun"],
        pdays=["-1", "999", "92"],
        poutcome=["failure", "success", "unknown"],
        y=["no", "yes"],
    )


def german() -> SourceTable:
    texts = ("status", "credit_history", "purpose", "savings", "housing", "job", "personal_status")
    return made_up(
        GERMAN,
        **{name: ["A11", "A12"] for name in texts},
        sex=["male", "female"],
        age_group=["over 25", "25 or less"],
        credit_risk=["1", "2"],
    )


@pytest.mark.parametrize(
    ("name", "make", "numbers", "texts"),
    [
        (
            "compas",
            compas,
            {"age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count"},
            {"c_charge_degree", "c_charge_desc", "race", "sex"},
        ),
        (
            "bank_marketing",
            bank,
            {"age", "balance", "day", "campaign", "pdays", "previous"},
            {
                *("job", "marital", "education", "default", "housing", "loan", "contact", "month"),
                "poutcome",
            },
        ),
        (
            "german_credit",
            german,
            {
                *("duration", "amount", "employment_duration", "other_debtors", "property"),
                *("present_residence", "other_installment_plans", "existing_credits"),
                *("people_liable", "telephone", "foreign_worker"),
            },
            {
                *("status", "credit_history", "purpose", "savings", "housing", "job"),
                *("installment_rate", "sex", "age_group"),
            },
        ),
    ],
)
def test_a_shipped_spec_runs_on_its_header(
    name: str, make: Callable[[], SourceTable], numbers: set[str], texts: set[str]
) -> None:
    spec = resolve_spec(DataRequest(str(ROOT / "docs" / "specs" / f"{name}.yaml")))
    dataset: Dataset = prepare(spec, make())
    frame = dataset.splits["train"].frame
    assert set(frame.columns) == numbers | texts
    assert {column for column in frame if frame[column].dtype == np.float64} == numbers
    if name == "compas":
        assert dataset.notes[1:] == (
            "not used because all values are equal: type_of_assessment",
            "dropped 30 of 600 rows: 30 with a null in a feature (c_charge_desc 30)",
        )
    if name == "bank_marketing":
        assert dataset.n_dropped == 0
        assert set(frame["contact"]) == {"cellular", None}
        assert dataset.notes[0].startswith("nulls: job ")
