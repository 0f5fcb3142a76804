"""Network, evidence and blocks by group: the same bits in any batch, and numbers for any row."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.inference import Chain, EvidenceScorer, GroupBlocks, GroupShift, NetworkScorer, Scorer
from fairrun.inference.parts import build_part

FARTHEST = 1e100  # where the encoder holds a number fast


def make_network(n_encoded: int, seed: int) -> NetworkScorer:
    rng = np.random.default_rng(seed)
    n_units = int(rng.integers(1, 40))
    return NetworkScorer(
        rng.normal(size=(n_encoded, n_units)),
        rng.normal(size=n_units),
        rng.normal(size=n_units),
        0.3,
    )


def make_evidence(n_encoded: int, seed: int) -> EvidenceScorer:
    rng = np.random.default_rng(seed)
    favourable = np.array([True, False, *(rng.random(2) < 0.5)])
    return EvidenceScorer(rng.normal(size=(4, n_encoded)), rng.normal(size=4), favourable)


MAKERS = [make_network, make_evidence]


def of_layout(matrix: np.ndarray, layout: str) -> np.ndarray:
    if layout == "strided":
        return np.repeat(matrix, 3, axis=0)[::3]
    return np.array(matrix, order=layout)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_a_row_gets_the_same_bits_in_any_batch(make: object, layout: str) -> None:
    for n_rows in [*range(1, 20), 513, 700]:
        scorer: Scorer = make(7, n_rows)  # type: ignore[operator]
        matrix = np.random.default_rng(n_rows).normal(size=(n_rows, 7))
        alone = [scorer.score(matrix[[row]])[0] for row in range(n_rows)]
        assert scorer.score(of_layout(matrix, layout)).tobytes() == np.array(alone).tobytes()


@pytest.mark.parametrize("make", MAKERS)
def test_its_arrays_define_it_and_no_rows_have_no_scores(make: object) -> None:
    scorer: Scorer = make(5, 1)  # type: ignore[operator]
    again = build_part("scorer", scorer.kind, scorer.to_arrays())
    matrix = np.random.default_rng(0).normal(size=(30, 5))
    assert again.score(matrix).tobytes() == scorer.score(matrix).tobytes()
    assert scorer.score(matrix[:0]).shape == (0,)


@pytest.mark.parametrize("make", MAKERS)
def test_the_farthest_row_has_a_score(make: object) -> None:
    scorer: Scorer = make(5, 2)  # type: ignore[operator]
    assert np.isfinite(scorer.score(np.array([[FARTHEST] * 5, [-FARTHEST] * 5]))).all()


def test_a_network_is_two_layers_of_products() -> None:
    network = make_network(6, 3)
    matrix = np.random.default_rng(1).normal(size=(1200, 6))
    hidden = np.maximum(matrix @ network.weights + network.biases, 0)
    expected = hidden @ network.output + network.output_bias
    np.testing.assert_allclose(network.score(matrix), expected, rtol=1e-10, atol=1e-10)


def test_evidence_is_the_logarithm_of_a_ratio_of_sums() -> None:
    scorer = make_evidence(4, 4)
    matrix = np.random.default_rng(2).normal(size=(50, 4))
    terms = np.exp(matrix @ scorer.coefficients.T + scorer.intercepts)
    expected = np.log(terms[:, scorer.favourable].sum(1) / terms[:, ~scorer.favourable].sum(1))
    np.testing.assert_allclose(scorer.score(matrix), expected, atol=1e-10)


def test_a_chain_is_its_links_in_their_order_and_its_arrays_define_it() -> None:
    shift = GroupShift(np.array([[1.0, 2.0], [-1.0, 0.5]]), np.array([0.7, 0.3]))
    blocks = GroupBlocks(np.array([0.7, 0.3]))
    chain = Chain((shift, blocks), blocks.shares)
    matrix = np.random.default_rng(3).normal(size=(9, 2))
    groups = np.array([0, 1, -1] * 3, dtype=np.int8)
    expected = blocks.apply(shift.apply(matrix, groups), groups)
    as_a, as_b = (
        blocks.apply(shift.apply(matrix, np.full(9, code)), np.full(9, code)) for code in (0, 1)
    )
    expected[groups < 0] = (0.7 * as_a + 0.3 * as_b)[groups < 0]
    again = build_part("transform", chain.kind, chain.to_arrays())
    for one in (chain, again):
        assert one.apply(matrix, groups).tobytes() == expected.tobytes()
