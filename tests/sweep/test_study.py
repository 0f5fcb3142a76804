from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fairrun.groups import ProtectedColumn
from fairrun.sweep.executor import Bundle
from fairrun.sweep.methods import Method
from fairrun.sweep.objectives import interval_keys, parse_objectives, read_constraint
from fairrun.sweep.space import Parameters, shared_fit
from fairrun.sweep.space_text import parse_space
from fairrun.sweep.study import Search, to_optuna
from fairrun.sweep.trial import State, Trial, TrialResult

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
OBJECTIVES = parse_objectives("accuracy,statistical_parity", [SEX])
SPACE = parse_space(
    "mitigator=none,correlation_remover,group_thresholds; C=0.01..100 log; "
    "correlation_remover.alpha=0..1; group_thresholds.tolerance=0..0.2"
)


def answer(trial: Trial, state: State = "complete") -> TrialResult:
    """The less C, the better: nothing else matters."""
    metrics: dict[str, float] = {}
    for key, value in (("accuracy", 1 / (1 + float(trial.parameters["C"]))), ("sp", 0.1)):
        key = {"sp": "statistical_parity"}.get(key, key)
        metrics |= zip(interval_keys(key), (value, value - 0.01, value + 0.01), strict=True)
    return TrialResult(trial.number, trial.parameters, state, metrics if state != "failed" else {})


def go(
    search: Search, n: int = 10**6, of: Callable[[Trial], TrialResult] = answer
) -> dict[int, Parameters]:
    asked: dict[int, Parameters] = {}
    while len(asked) < n and (bundle := search.ask()):
        for trial in bundle:
            assert trial.number not in asked
            asked[trial.number] = dict(trial.parameters)
            search.tell(of(trial))
    return asked


def search(method: Method, n: int = 20, **more: Any) -> Search:
    return Search(SPACE, method, n, OBJECTIVES, **more)


@pytest.mark.parametrize("method", ["grid", "random", "bayesian", "nsga2"])
def test_there_are_as_many_trials_as_were_asked_for(method: Method) -> None:
    started = search(method)
    asked = go(started)
    expected = 5 + 25 + 25 if method == "grid" else 20
    assert sorted(asked) == list(range(expected))
    assert len(started.results) == expected
    assert started.ask() is None


@pytest.mark.parametrize("method", ["grid", "random"])
def test_planned_trials_come_from_the_seed_alone(method: Method) -> None:
    asked = go(search(method))
    assert go(search(method), of=lambda trial: answer(trial, "failed")) == asked
    assert (go(search(method, seed=1)) == asked) is (method == "grid")
    if method == "random":  # more of them begin with the same
        more = go(search(method, 30))
        assert {number: more[number] for number in asked} == asked


@pytest.mark.parametrize("method", ["grid", "random"])
def test_planned_trials_go_on_where_they_stopped(method: Method) -> None:
    asked = go(search(method))
    first = search(method)
    go(first, 7)
    rest = go(search(method, done=first.results))
    assert {**{r.number: r.parameters for r in first.results}, **rest} == asked
    assert not set(rest) & {r.number for r in first.results}


@pytest.mark.parametrize("method", ["bayesian", "nsga2"])
def test_learning_goes_on_where_it_stopped(method: Method) -> None:
    first = search(method, 60)
    go(first, 30)
    notes = {n: first.notes_of(n) for n in range(30)}
    again = search(method, 60, done=[r for r in first.results if r.number != 4], notes=notes)
    before = len(again.study.trials)
    asked = go(again)
    assert sorted(asked) == [4, *range(30, 60)]
    # A number that was lost is tried again with other parameters: nothing of it is known.
    assert asked[4] != first.results[4].parameters
    frozen = again.study.trials[:before]
    assert [t.params for t in frozen] == [
        dict(r.parameters) for r in first.results if r.number != 4
    ]
    if method == "nsga2":
        generations = [notes[n]["NSGAIISampler:generation"] for n in range(30)]
        assert max(generations) > 0
        last = again.study.trials[-1].system_attrs["NSGAIISampler:generation"]
        assert last > max(generations)


def test_the_bayesian_search_learns() -> None:
    single = parse_objectives("accuracy", [SEX])
    found = go(Search(SPACE, "bayesian", 60, single, seed=0))
    late = sorted(float(found[number]["C"]) for number in range(40, 60))
    early = sorted(float(found[number]["C"]) for number in range(12))
    assert late[10] < 0.2 < early[6]


def test_a_used_up_space_ends_the_search() -> None:
    small = parse_space("mitigator=none,reweighing; C=0.1,1")
    started = Search(small, "random", 50, OBJECTIVES)
    assert started.n_trials == 4
    assert len({tuple(sorted(p.items())) for p in go(started).values()}) == 4


def test_trials_that_share_a_fit_come_together() -> None:
    space = parse_space(
        "mitigator=none,group_thresholds; C=0.1,1; group_thresholds.tolerance=0..0.2 15"
    )
    started = Search(space, "grid", 1, OBJECTIVES)
    bundles: list[Bundle] = []
    while bundle := started.ask():
        bundles.append(bundle)
    assert sum(map(len, bundles)) == 32
    assert [len(bundle) for bundle in bundles] == [12, 12, 4, 4]
    for bundle in bundles:
        assert len({shared_fit(trial.parameters) for trial in bundle}) == 1


def test_failed_trials_teach_nothing_and_stop_nothing() -> None:
    started = search("bayesian", 15)
    asked = go(started, of=lambda t: answer(t, "failed" if t.number % 3 == 0 else "complete"))
    assert len(asked) == 15
    states = [trial.state.name for trial in started.study.trials]
    assert states.count("FAIL") == 5


def test_the_best_trials_are_sent_along_where_trials_may_be_given_up() -> None:
    for limit, kept in (("0.2", True), ("0.05", False)):
        constraint = read_constraint(f"statistical_parity<={limit}", [SEX])
        started = search("bayesian", 4, prune=True, constraint=constraint)
        bundle = started.ask()
        assert bundle is not None
        assert bundle[0].incumbents == ()
        result = answer(bundle[0])
        started.tell(result)
        bundle = started.ask()
        assert bundle is not None
        best = (result.metrics["accuracy"] - 0.01, pytest.approx(-0.11))
        assert bundle[0].incumbents == ((best,) if kept else ())


def test_optuna_knows_the_constraint() -> None:
    constraint = read_constraint("statistical_parity<=0.05", [SEX])
    started = search("bayesian", 3, constraint=constraint)
    go(started)
    for study in (started.study, to_optuna(started.results, SPACE, OBJECTIVES, constraint)):
        for trial in study.trials:
            (violation,) = trial.constraints.values()
            assert violation == pytest.approx(0.06)
            assert trial.values == pytest.approx([1 / (1 + trial.params["C"]), -0.1])
