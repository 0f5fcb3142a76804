"""The parts of a technical file beside the nine points: protected columns, retention, signature."""

from __future__ import annotations

from fairrun.pages.facts import ModelFacts
from fairrun.pages.technical_file_development import mitigators_of
from fairrun.pages.technical_file_items import Fact, Item, Part, RunSources, Source, ask, table
from fairrun.pages.technical_file_testing import SIGNER

__all__ = ["further_parts"]

_AI_ACT = "EU AI Act"
#: The periods, each with its provision. All of them come from secondary sources.
_RETENTION = (
    ("logs of a high-risk system", "at least 6 months", f"{_AI_ACT}, Art. 19 and 26(6)"),
    ("this file", "10 years", f"{_AI_ACT}, Art. 18"),
    ("records of decisions, Colorado", "3 years", "Colorado SB 26-189, from 1 January 2027"),
    ("data of decisions, California", "4 years", "California, data of automated decisions"),
)
_PROVISIONS = [
    "Art. 10(5) of the EU AI Act",
    "Art. 4a of the 2026 amendment, as reported; sources differ on whether it is final",
]


def further_parts(facts: ModelFacts) -> list[Part]:
    """Return the parts about special categories of data, retention and signature."""
    said = facts.statements
    return [
        Part(
            "special_categories",
            "Special categories of personal data",
            [
                Item("protected_columns", "Use of the protected columns", [_columns(facts)]),
                ask(
                    *(said, "special_categories", "special_categories", "Special categories"),
                    [Fact("Provisions to check", _PROVISIONS, Source("law", _AI_ACT))],
                ),
                ask(said, "protected_policy", "protected_policy", "Reason and legal ground"),
            ],
            notes=[
                "fairrun does not know which columns are special categories of personal data. The "
                "table says what each protected column was used for.",
            ],
        ),
        Part(
            "retention",
            "Retention periods",
            [
                Item("periods", "Periods as reported", [_periods()]),
                ask(said, "retention", "retention", "What is kept, and for how long"),
            ],
            notes=[
                "The periods are as reported by secondary sources. A person has to find out which "
                "of them apply.",
            ],
        ),
        Part(
            "signature",
            "Signature",
            [
                ask(said, "signed_by", "signed_by", "Who signs"),
                Item("signature", "Signature of this file", blanks=SIGNER),
            ],
        ),
    ]


def _columns(facts: ModelFacts) -> Fact:
    """Return the table of what each protected column was used for."""
    # The mitigator and the splits know only the first protected column of the training.
    uses_group = any(each.group_at_fit for each in mitigators_of(facts))
    is_known, reads = bool(facts.training_run), bool(facts.columns)
    rows = []
    for column in facts.evaluation.counts.columns:
        is_first = column.name == facts.trained_for
        rows.append(
            [
                column.name,
                "yes",
                _said(is_first and uses_group, is_known),
                _said(is_first, is_known),
                _said(column.name == facts.protected_input, reads),
            ]
        )
    heads = (
        "protected column",
        "measuring bias",
        "training of the mitigator",
        "splitting the rows",
        "read at prediction",
    )
    source = RunSources(facts.training_run or facts.origin.run_id).parameter("data.protected")
    note = "No protected column is a feature of the model."
    return Fact("What each protected column was used for", table(heads, rows, note), source)


def _said(is_so: bool, is_known: bool) -> str:
    if not is_known:
        return "not known"
    return "yes" if is_so else "no"


def _periods() -> Fact:
    content = table(("what", "how long", "provision, as reported"), _RETENTION)
    return Fact("Periods and provisions", content, Source("law", "provisions in the table"))
