"""The registry resolves what can be met, and refuses the rest in one line."""

from __future__ import annotations

import inspect
import math

import pytest

from fairrun.errors import RequestError
from fairrun.training.mitigation import MITIGATORS, mitigator_table, resolve_mitigator


@pytest.mark.parametrize("name", MITIGATORS)
def test_defaults_are_allowed(name: str) -> None:
    mitigation = resolve_mitigator(name)
    assert mitigation.name == name
    expected = {parameter.name: parameter.default for parameter in MITIGATORS[name].parameters}
    assert mitigation.parameters == expected
    assert mitigation.stage == MITIGATORS[name].stage


@pytest.mark.parametrize("name", MITIGATORS)
def test_the_table_says_what_the_fit_takes(name: str) -> None:
    mitigator = MITIGATORS[name]
    taken = {p.name: p.default for p in inspect.signature(mitigator.fit).parameters.values()}
    assert taken.pop("rows" if mitigator.stage == "post" else "train") is inspect.Parameter.empty
    assert (taken.pop("estimator", None) is not None) == (mitigator.stage == "in")
    has_seed = mitigator.draws and mitigator.stage != "in"  # these have the estimator's
    assert (taken.pop("seed", None) is not None) == has_seed
    assert taken == {parameter.name: parameter.default for parameter in mitigator.parameters}


def test_the_table_lists_every_mitigator() -> None:
    assert mitigator_table()["mitigator"].tolist() == [f"`{name}`" for name in MITIGATORS]


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, "1", None, True, [1.0]])
def test_a_value_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match="give a number from 0 to 1"):
        resolve_mitigator("correlation_remover", {"alpha": value})


def test_an_integer_is_a_number() -> None:
    assert resolve_mitigator("correlation_remover", {"alpha": 1}).parameters == {"alpha": 1.0}


@pytest.mark.parametrize("value", [1, 2.5, 1e9, math.nan, math.inf, "5", None, True])
def test_what_is_not_a_whole_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match="give a whole number from 2 to 100"):
        resolve_mitigator("learning_fair_representation", {"k": value})


@pytest.mark.parametrize("value", [7, 7.0])
def test_a_whole_number_is_resolved_to_an_integer(value: float) -> None:
    k = resolve_mitigator("learning_fair_representation", {"k": value}).parameters["k"]
    assert isinstance(k, int)
    assert k == 7


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match=r"mitigator=reweighting is not known.*reweighing"):
        resolve_mitigator("reweighting")
    with pytest.raises(RequestError, match="takes no parameter 'beta'; it takes alpha"):
        resolve_mitigator("correlation_remover", {"beta": 1})
