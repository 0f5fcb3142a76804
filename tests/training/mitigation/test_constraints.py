"""The constraint that a method states is a gate, with its own parameters."""

from __future__ import annotations

import itertools

import pytest

from fairrun.gate import parse_gate
from fairrun.training.mitigation import MITIGATORS, resolve_mitigator
from fairrun.training.parameters import Choice

DECLARED = " [privileged vs unprivileged]"
PROMISING = [name for name, row in MITIGATORS.items() if row.constraint is not None]


@pytest.mark.parametrize("name", PROMISING)
def test_every_value_of_its_parameters_gives_a_gate(name: str) -> None:
    row = MITIGATORS[name]
    values = [
        p.values if isinstance(p, Choice) else (p.low, p.default, p.high) for p in row.parameters
    ]
    of_default = [
        v[:1] if p.name not in ("constraint", "metric", "tolerance", "tau") else v
        for p, v in zip(row.parameters, values, strict=True)
    ]
    for given in itertools.product(*of_default):
        parameters = {p.name: value for p, value in zip(row.parameters, given, strict=True)}
        gate = parse_gate(resolve_mitigator(name, parameters).constraint)
        assert all(term.protected is None for term in gate.terms)
        assert {term.declared for term in gate.terms} == {name != "group_thresholds"}


@pytest.mark.parametrize(
    ("name", "parameters", "text"),
    [
        ("group_thresholds", {"tolerance": 0.2, "constraint": "disparate_impact"},
         "disparate_impact>=0.8"),
        ("group_thresholds", {"tolerance": 0}, "statistical_parity<=0.001"),
        ("reject_option_classification", {"metric": "average_odds_difference", "tolerance": 0.1},
         f"average_odds_difference<=0.1{DECLARED}"),
        ("meta_fair_classifier", {"tau": 0.7}, f"disparate_impact>=0.7{DECLARED}"),
        ("equalized_odds", {},
         f"equality_of_opportunity_difference<=0.05{DECLARED}; "
         f"false_positive_rate_difference<=0.05{DECLARED}"),
        ("grid_search", {"constraint": "accuracy_difference"},
         f"accuracy_difference<=0.05{DECLARED}"),
        ("reweighing", {}, ""),
        ("none", {}, ""),
        # The last step that states one; thresholds would undo the constraint of an earlier step.
        ("grid_search+group_thresholds", {}, "statistical_parity<=0.05"),
        ("grid_search+ml_debiaser", {}, f"statistical_parity<=0.05{DECLARED}"),
        ("correlation_remover+lp_debiaser", {"constraint": "equality_of_opportunity_difference"},
         f"equality_of_opportunity_difference<=0.05{DECLARED}"),
    ],
)  # fmt: skip
def test_it_states_what_was_asked(name: str, parameters: dict[str, object], text: str) -> None:
    assert resolve_mitigator(name, parameters).constraint == text
