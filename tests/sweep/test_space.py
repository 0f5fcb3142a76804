from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from fairrun.errors import RequestError
from fairrun.sweep.space import Space, applies, shared_fit
from fairrun.sweep.space_text import DEFAULT_SPACE, parse_space, read_space
from fairrun.training.mitigation import MITIGATORS

SPACE = (
    "mitigator=none,correlation_remover,reweighing+group_thresholds,prejudice_remover; "
    "estimator=logistic_regression,hist_gradient_boosting; C=0.01..100 log; max_leaf_nodes=3..9; "
    "class_weight=none,balanced; correlation_remover.alpha=0..1; "
    "group_thresholds.tolerance=0..0.2 3; group_thresholds.constraint=statistical_parity"
)


def drawn(space: Space, n: int) -> list[dict[str, str | float]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    return [space.suggest(study.ask()) for _ in range(n)]


def test_a_space_is_what_its_text_says_again() -> None:
    for text in (SPACE, DEFAULT_SPACE):
        assert str(parse_space(str(parse_space(text)))) == str(parse_space(text))


@pytest.mark.parametrize("text", [SPACE, DEFAULT_SPACE])
def test_a_draw_has_what_applies_and_nothing_else(text: str) -> None:
    space = parse_space(text)
    for chosen in drawn(space, 200):
        assert set(chosen) == {name for name in space.names if applies(name, chosen)}
        of_mitigators = {name.partition(".")[0] for name in chosen if "." in name}
        assert of_mitigators <= set(str(chosen["mitigator"]).split("+"))
        if chosen["mitigator"] == "prejudice_remover":  # fits a model of its own
            assert set(chosen) == {"mitigator"}
        elif chosen.get("estimator") == "hist_gradient_boosting":
            assert "C" not in chosen
            assert chosen["max_leaf_nodes"] in range(3, 10)


def test_what_is_drawn_can_be_fitted() -> None:
    from fairrun.sweep.trial import make_classifier
    from tests.people import SPEC

    for chosen in drawn(parse_space(SPACE), 50):
        make_classifier(SPEC, chosen, seed=0).recipe()


def test_a_grid_has_each_combination_once() -> None:
    grid = list(parse_space(SPACE).grid())
    distinct = {tuple(sorted(each.items())) for each in grid}
    # C by 5 and leaves by 4 rounded points, each with 2 weights; 5 values of alpha, 3 tolerances.
    assert len(grid) == len(distinct) == (5 + 5) * 2 * (1 + 5 + 3) + 1
    assert {each["C"] for each in grid if "C" in each} == {0.01, 0.1, 1.0, 10.0, 100.0}


@pytest.mark.parametrize("text", [SPACE, DEFAULT_SPACE, "C=0.1,1; class_weight=none,balanced"])
def test_combinations_are_counted_without_making_them(text: str) -> None:
    assert parse_space(text).n_combinations == len(list(parse_space(text).grid()))


def test_yaml_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(
        "C: 0.01..100 log\nmitigator: [none, group_thresholds]\nmax_iter: 50\n"
        "group_thresholds.tolerance: [0, 0.1]\nclass_weight: [null, balanced]\n"
    )
    assert str(read_space(str(path))) == (
        "mitigator=none,group_thresholds; C=0.01..100 log; max_iter=50; "
        "group_thresholds.tolerance=0,0.1; class_weight=none,balanced"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mitigator=nune", "mitigator=nune is not known"),
        ("mitigator=group_thresholds+reweighing", "cannot be combined"),
        ("mitigator=none; alpha=0..1", "did you mean .*correlation_remover.alpha"),
        ("c_weight=none", "'c_weight'; did you mean class_weight"),
        ("C=10..1", "is not a range"),
        ("C=0..1 log", "C=0 is not possible"),
        ("group_thresholds.tolerance=0..1 log; mitigator=group_thresholds", "tolerance=1 is not"),
        ("C=0.1..1 1", "give 2 to 10,000 values"),
        ("C=0.1..1 1000000000", "give 2 to 10,000 values"),
        ("C=a,b", "C=a is not a number"),
        ("C=-1", "C=-1 is not possible"),
        ("C", "'C' in the space is not a parameter"),
        ("C=1; C=2", "C twice"),
        (" ; ", "the space is empty"),
        ("mitigator=none; correlation_remover.alpha=0..1", "applies to no mitigator"),
        ("estimator=logistic_regression; max_leaf_nodes=3,4", "applies to no mitigator"),
        ("estimator=boosting", "estimator=boosting is not known"),
        ("class_weight=equal", "give some of none, balanced"),
        ("exponentiated_gradient.decision=both; mitigator=exponentiated_gradient", "decision='b"),
    ],
)
def test_what_is_no_space_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said) as error:
        parse_space(text)
    assert "\n" not in str(error.value)


def test_files_that_hold_no_space_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    for text in ("- C", "C: [", ""):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RequestError, match=r"space\.yaml"):
            read_space(str(path))
    with pytest.raises(RequestError, match="cannot be read"):
        read_space("nowhere.yaml")


def test_every_parameter_of_every_mitigator_can_be_swept() -> None:
    for mitigator in MITIGATORS.values():
        for parameter in mitigator.parameters:
            text = f"mitigator={mitigator.name}; {mitigator.name}.{parameter.name}"
            parse_space(f"{text}={parameter.default}")


def test_trials_share_a_fit_if_only_the_post_processor_differs() -> None:
    a = {"mitigator": "reweighing+group_thresholds", "C": 0.1, "group_thresholds.tolerance": 0.0}
    assert shared_fit(a) == shared_fit(a | {"group_thresholds.tolerance": 0.1})
    assert shared_fit(a) == shared_fit({"mitigator": "reweighing", "C": 0.1})
    assert shared_fit(a) != shared_fit(a | {"C": 1.0})
    assert shared_fit(a) != shared_fit({"mitigator": "none", "C": 0.1})
