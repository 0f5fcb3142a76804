"""Contributions against the definition, enumerated; and what sampling says of its own error."""

from __future__ import annotations

from itertools import combinations, product
from math import factorial

import numpy as np
import pandas as pd
import pytest

from fairrun.groups import Protected
from fairrun.inference import (
    Background,
    Categorical,
    Chain,
    Encoder,
    EvidenceScorer,
    GroupBlocks,
    GroupLookup,
    GroupShift,
    GroupStepMap,
    InferenceModel,
    InputError,
    LinearScorer,
    MixtureScorer,
    NetworkScorer,
    Numeric,
    Prototypes,
    Scorer,
    StepFunction,
    Transform,
)
from fairrun.inference.sampling import SamplingExplainer
from fairrun.inference.shapley import ExactExplainer
from fairrun.inference.tree_paths import TreePaths
from fairrun.training import FairClassifier
from tests.inference.test_tree_paths import grow

ENCODER = Encoder(
    (
        Numeric("age", 40.0, 10.0, 38.0),
        Categorical("job", ("a", "b", "c"), "a"),
        Numeric("gain", 0.0, 1.0, 0.0),
    )
)
SHARES = np.array([0.75, 0.25])
BACKGROUND = Background(
    means=np.array([0.1, 0.5, 0.25, 0.25, 0.25]),
    slices=np.array([[-1.0, -0.4, 0.6, 1.2], [0.0, 0.0, 0.0, 1.0]]),
    shares=SHARES,
)
SEX = GroupLookup("sex", ("M",), ("F",))
ROWS = pd.DataFrame(
    {
        "age": [40.0, 55.0, 31.0, 62.0],
        "job": ["b", "a", "never seen", "c"],
        "gain": [0.0, 3.0, 1.0, 0.5],
        "sex": ["M", "F", "F", None],
    }
)


def step(*values: float) -> StepFunction:
    return StepFunction(np.array([-np.inf, 0.0, 0.5]), np.array(values))


LINEAR = LinearScorer(np.array([0.7, 1.0, -0.5, 0.2, 0.9]), -0.3)
SHIFT = GroupShift(np.array([[0.3, 0.1, 0, -0.2, 1.0], [-0.9, 0, 0.4, 0, 0.5]]), SHARES)
STEPS = GroupStepMap(
    {0: (step(-2, 0, 1), step(-1, 0.3, 0.5)), 2: (step(0, 0.2, 0.9), step(0.1, 0.3, 0.6))}, SHARES
)
BLOCKS = GroupBlocks(SHARES)
OF_BLOCKS = LinearScorer(np.random.default_rng(5).normal(size=12), 0.4)

ADDITIVE: dict[str, tuple[Transform | None, LinearScorer]] = {
    "none": (None, LINEAR),
    "shift": (SHIFT, LINEAR),
    "steps": (STEPS, LINEAR),
    "blocks": (BLOCKS, OF_BLOCKS),
    "shift and steps": (Chain((SHIFT, STEPS), SHARES), LINEAR),
    "steps and blocks": (Chain((STEPS, BLOCKS), SHARES), OF_BLOCKS),
}
OTHERS: dict[str, tuple[Transform | None, Scorer]] = {
    "mixture": (SHIFT, MixtureScorer((LINEAR, LinearScorer(-LINEAR.coefficients, 1.0)), SHARES)),
    "prototypes": (Prototypes(np.random.default_rng(1).normal(size=(3, 5))), LINEAR),
    "network": (
        None,
        NetworkScorer(
            np.random.default_rng(2).normal(size=(5, 6)),
            np.zeros(6),
            np.random.default_rng(3).normal(size=6),
            0.2,
        ),
    ),
    "evidence": (
        SHIFT,
        EvidenceScorer(
            np.random.default_rng(4).normal(size=(3, 5)),
            np.zeros(3),
            np.array([True, True, False]),
        ),
    ),
}


def make(transform: Transform | None, scorer: Scorer) -> InferenceModel:
    return InferenceModel(ENCODER, scorer, transform, groups=SEX, background=BACKGROUND)


def marginals() -> list[list[tuple[float, np.ndarray]]]:
    """The chance and the encoded piece of every value that a raw column may have."""
    age, gain = BACKGROUND.slices
    jobs = BACKGROUND.means[1:4]
    return [
        [(0.25, np.array([value])) for value in age],
        [(share, piece) for share, piece in zip(jobs, np.eye(3), strict=True)],
        [(0.25, np.array([value])) for value in gain],
    ]


def enumerated(model: InferenceModel, row: pd.DataFrame) -> tuple[float, np.ndarray]:
    """Base value and contributions by the definition: the Owen value of {features}, {group}.

    Everything not known is averaged over the product of its marginals.
    """
    encoded = np.split(ENCODER.encode(row)[0], [1, 4])
    (group,) = SEX.groups(row)
    n = len(encoded)

    def value(known: frozenset[int], group_known: bool) -> float:
        pieces = [
            [(1.0, encoded[j])] if j in known else column for j, column in enumerate(marginals())
        ]
        groups = [(1.0, group)] if group_known else [*zip(SHARES, (0, 1), strict=True)]
        found = [*product(*pieces, groups)]
        chances = np.array([np.prod([chance for chance, _ in case]) for case in found])
        matrix = np.array([np.concatenate([piece for _, piece in case[:-1]]) for case in found])
        codes = np.array([case[-1][1] for case in found], dtype=np.int8)
        if model.transform is not None:
            matrix = model.transform.apply(matrix, codes)
        return float(chances @ model.scorer.score(matrix))

    everything = frozenset(range(n))
    contributions = np.zeros(n + 1)
    for j in range(n):
        others = everything - {j}
        for size in range(n):
            weight = factorial(size) * factorial(n - 1 - size) / factorial(n)
            for chosen in map(frozenset, combinations(others, size)):
                gain = [value(chosen | {j}, g) - value(chosen, g) for g in (False, True)]
                contributions[j] += weight * np.mean(gain)
    contributions[n] = np.mean(
        [value(s, True) - value(s, False) for s in (frozenset(), everything)]
    )
    return value(frozenset(), False), contributions


@pytest.mark.parametrize("name", ADDITIVE)
def test_linear_scores_are_explained_by_the_definition(name: str) -> None:
    model = make(*ADDITIVE[name])
    assert isinstance(model._explainer, ExactExplainer)
    explained = model.explain(ROWS)
    assert explained.standard_errors is None
    for place in range(len(ROWS)):
        base, contributions = enumerated(model, ROWS.iloc[[place]])
        assert explained.base_value == pytest.approx(base, abs=1e-12)
        np.testing.assert_allclose(explained.contributions[place], contributions, atol=1e-12)


@pytest.mark.parametrize("transform", [None, SHIFT, STEPS, Chain((SHIFT, STEPS), SHARES)])
def test_trees_with_a_group_before_them_are_two_unions(transform: Transform | None) -> None:
    """The group first or last, and the features by TreeSHAP: on the row as it is, and as either."""
    trees = grow(np.random.default_rng(7), 3, 12, n_columns=5)
    model, owners = make(transform, trees), np.array([0, 1, 1, 1, 2])
    assert isinstance(model._explainer, ExactExplainer)
    explained, matrix = model.explain(ROWS), ENCODER.encode(ROWS)

    def of(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mapped = matrix if transform is None else transform.apply(matrix, groups.astype(np.int8))
        return TreePaths.of(trees).contributions(mapped, owners, 3), trees.score(mapped)

    own, score = of(SEX.groups(ROWS))
    (in_a, score_a), (in_b, score_b) = of(np.zeros(len(ROWS))), of(np.ones(len(ROWS)))
    features = (own + SHARES[0] * in_a + SHARES[1] * in_b) / 2
    group = (score - SHARES[0] * score_a - SHARES[1] * score_b) / 2
    np.testing.assert_allclose(explained.contributions[:, :3], features, rtol=0, atol=1e-12)
    np.testing.assert_allclose(explained.contributions[:, 3], group, rtol=0, atol=1e-12)
    total = explained.base_value + explained.contributions.sum(axis=1)
    np.testing.assert_allclose(total, score, rtol=0, atol=1e-12)


def test_a_mixture_of_one_member_is_that_member() -> None:
    alone, mixed = make(SHIFT, LINEAR), make(SHIFT, MixtureScorer((LINEAR,), np.ones(1)))
    assert isinstance(mixed._explainer, ExactExplainer)
    expected = alone.explain(ROWS).contributions
    np.testing.assert_array_equal(mixed.explain(ROWS).contributions, expected)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_sampled_is_as_near_the_definition_as_it_says(name: str) -> None:
    model = make(*OTHERS[name])
    assert isinstance(model._explainer, SamplingExplainer)
    explained = model.explain(ROWS)
    assert explained.standard_errors is not None
    for place in range(len(ROWS)):
        _, contributions = enumerated(model, ROWS.iloc[[place]])
        off = np.abs(explained.contributions[place] - contributions)
        assert (off <= 4 * explained.standard_errors[place] + 0.01).all()
    # A bound that says nothing would pass as well.
    assert explained.standard_errors.max() < 0.35 * np.abs(explained.contributions).max()


@pytest.mark.parametrize("name", ADDITIVE)
def test_sampling_agrees_with_what_is_exact(name: str) -> None:
    transform, scorer = ADDITIVE[name]
    model = make(transform, scorer)
    exact = model.explain(ROWS)
    sampled = SamplingExplainer(ENCODER, transform, scorer, BACKGROUND).explain(
        ENCODER.encode(ROWS), SEX.groups(ROWS)
    )
    assert sampled.errors is not None
    off = np.abs(sampled.values - exact.contributions)
    assert (off <= 4 * sampled.errors + 0.01).all()


@pytest.mark.parametrize("name", [*ADDITIVE, *OTHERS])
def test_contributions_add_up_to_the_score_in_any_batch(name: str) -> None:
    model = make(*(ADDITIVE | OTHERS)[name])
    explained, scores = model.explain(ROWS), model.log_odds(ROWS)
    total = explained.base_value + explained.contributions.sum(axis=1)
    np.testing.assert_allclose(total, scores, rtol=0, atol=1e-9)
    assert explained.columns == ("age", "job", "gain", "sex")
    assert explained.distances is not None
    assert explained.distances.tobytes() == scores.tobytes()
    alone = [model.explain(ROWS.iloc[[place]]).contributions[0] for place in range(len(ROWS))]
    np.testing.assert_allclose(explained.contributions, alone, rtol=0, atol=1e-14)
    assert model.explain(ROWS.head(0)).contributions.shape == (0, 4)


def test_the_largest_contributions_come_first_and_the_rest_is_added_up() -> None:
    model = make(*OTHERS["mixture"])
    explained = model.explain(ROWS)
    for row, said in enumerate(explained.to_dicts(top_k=2)):
        own = dict(zip(explained.columns, explained.contributions[row].tolist(), strict=True))
        ranked = sorted(own, key=lambda name: -abs(own[name]))
        assert [*said["contributions"]] == [*said["standard_errors"]] == ranked[:2]
        assert said["rest"] == pytest.approx(own[ranked[2]] + own[ranked[3]], abs=1e-15)
    for top_k in (0, 4, 9):
        (first, *_) = explained.to_dicts(top_k)
        assert "rest" not in first
        assert [*first["contributions"]] == ["age", "job", "gain", "sex"]
    with pytest.raises(InputError, match="top_k is negative"):
        explained.to_dicts(-1)


def test_a_model_without_a_background_says_so() -> None:
    model = InferenceModel(ENCODER, LINEAR)
    with pytest.raises(InputError, match="saved by a version without explanations; train it again"):
        model.explain(ROWS)


def test_rows_that_are_refused_are_refused_here_as_well() -> None:
    with pytest.raises(InputError, match="column 'age': null in row 1"):
        make(None, LINEAR).explain(ROWS.assign(age=[40.0, None, 1.0, 2.0]))


@pytest.mark.parametrize("features", [["hours"], ["job"], ["job", "hours"]])
@pytest.mark.parametrize("mitigator", ["none", "disparate_impact_remover"])
def test_few_rows_and_columns_of_one_kind_can_be_explained(
    features: list[str], mitigator: str
) -> None:
    hours, jobs = [40.0, 30, 50, 35, 45, 20, 60, 38], list("abababaa")
    frame = pd.DataFrame({"sex": list("MFMFMFMF"), "hours": hours, "job": jobs})[["sex", *features]]
    model = FairClassifier(Protected("sex", "M"), mitigator=mitigator)
    fitted = model.fit(frame, [1, 0, 1, 0, 0, 0, 1, 1]).inference_
    explained = fitted.explain(frame)
    total = explained.base_value + explained.contributions.sum(axis=1)
    np.testing.assert_allclose(total, fitted.log_odds(frame), rtol=0, atol=1e-12)
