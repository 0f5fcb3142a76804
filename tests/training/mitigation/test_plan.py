"""Mitigators are composed in the order in which they act, or refused in one line."""

from __future__ import annotations

import itertools

import pytest

from fairrun.errors import RequestError
from fairrun.training.mitigation import MITIGATORS, resolve_mitigator
from tests.each import check_each

ORDER = ("pre", "in", "post")


PAIRS = list(itertools.product(MITIGATORS, repeat=2))


def test_every_pair_is_composed_or_refused() -> None:
    check_each(PAIRS, check_pair, name="+".join)


def check_pair(names: tuple[str, str]) -> None:
    stages = [MITIGATORS[name].stage for name in names]
    in_order = "none" not in stages and ORDER.index(stages[0]) < ORDER.index(stages[1])
    weights_lost = MITIGATORS[names[0]].gives_weights and stages[1] == "in"
    draws_twice = stages == ["in", "post"] and MITIGATORS[names[0]].randomised == "by default"
    if in_order and not weights_lost and not draws_twice:
        mitigation = resolve_mitigator("+".join(names))
        assert mitigation.stage == "+".join(stages)
        assert [step.mitigator.name for step in mitigation.steps.values()] == list(names)
    else:
        with pytest.raises(RequestError, match="cannot be combined"):
            resolve_mitigator("+".join(names))


def test_three_stages() -> None:
    name = "correlation_remover+exponentiated_gradient+group_thresholds"
    mitigation = resolve_mitigator(name, {"decision": "expected", "alpha": 0.5, "tolerance": 0.1})
    assert mitigation.stage == "pre+in+post"
    assert mitigation.group_at_serving
    assert mitigation.parameters["alpha"] == 0.5


def test_a_parameter_of_two_steps_is_given_with_the_name_of_its_step() -> None:
    name, expected = "exponentiated_gradient+group_thresholds", {"decision": "expected"}
    with pytest.raises(RequestError, match="'constraint' is a parameter of "):
        resolve_mitigator(name, expected | {"constraint": "equalized_odds"})
    given = expected | {"group_thresholds.constraint": "equalized_odds"}
    parameters = resolve_mitigator(name, given).parameters
    assert parameters["group_thresholds.constraint"] == "equalized_odds"
    assert parameters["exponentiated_gradient.constraint"] == "statistical_parity"
    assert parameters["tolerance"] == 0.05


def test_a_parameter_of_no_step_is_refused() -> None:
    with pytest.raises(RequestError, match="takes no parameter 'beta'"):
        resolve_mitigator("reweighing+group_thresholds", {"beta": 1})
    with pytest.raises(RequestError, match=r"takes no parameter 'reweighing\.beta'|'beta'"):
        resolve_mitigator("reweighing+group_thresholds", {"reweighing.beta": 1})
    with pytest.raises(RequestError, match="none takes no parameter 'alpha'; it takes none"):
        resolve_mitigator("none", {"alpha": 1})
    with pytest.raises(RequestError, match="takes no parameter"):
        resolve_mitigator("correlation_remover", {"group_thresholds.tolerance": 1})


def test_unknown_parts_are_refused() -> None:
    for name in ("", "+", "reweighing+", "reweighing+magic"):
        with pytest.raises(RequestError, match="is not known"):
            resolve_mitigator(name)


@pytest.mark.parametrize("value", ["parity", 1, None, ["statistical_parity"]])
def test_a_word_that_is_no_choice_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match="give one of statistical_parity, disparate_impact"):
        resolve_mitigator("group_thresholds", {"constraint": value})


def test_methods_that_draw_have_random_numbers_of_their_own() -> None:
    """The hash of a row takes the first 16 bytes of the method's name."""
    drawing = [row.name for row in MITIGATORS.values() if row.randomised != "no"]
    assert len({name.encode()[:16] for name in drawing}) == len(drawing) == 4
    assert [resolve_mitigator(name).decided_by for name in drawing] == drawing
    plans = ("none", "reweighing", "reweighing+lp_debiaser", "reweighing+group_thresholds")
    decided = [resolve_mitigator(name).decided_by for name in plans]
    assert decided == ["none", "none", "lp_debiaser", "group_thresholds"]
