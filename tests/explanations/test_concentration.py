"""holisticai's metrics of importance against their formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.explanations import ALL
from fairrun.explanations.concentration import concentration


def table(**groups: list[float]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"group": name, "column": list("abcde")[: len(own)], "importance": own})
        for name, own in groups.items()
    ]
    return pd.concat(parts, ignore_index=True)


def of(everybody: list[float], a: list[float], b: list[float]) -> dict[str, float]:
    found = concentration(table(**{ALL: everybody, "Male": a, "Female": b}))
    return {name.removeprefix("explanation_"): value for name, value in found.items()}


def test_the_formulas() -> None:
    importance = np.array([5.0, 3.0, 1.0, 1.0])
    p, even = importance / 10, np.full(4, 0.25)
    middle = (p + even) / 2

    def kl(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.sum(x * np.log2(x / y)))

    found = of(importance.tolist(), [5, 3, 1, 1], [5, 3, 1, 1])
    assert found["alpha_score"] == 2 / 4  # 0.5 + 0.3 are 80 %
    assert found["spread_ratio"] == pytest.approx(-np.sum(p * np.log2(p)) / 2)
    assert found["spread_divergence"] == pytest.approx(
        np.sqrt((kl(p, middle) + kl(even, middle)) / 2)
    )
    assert found["position_parity"] == 1


def test_parity_is_lower_the_earlier_a_group_has_another_column() -> None:
    everybody = [4.0, 3.0, 2.0, 1.0]  # a, b and c carry 80 %
    assert of(everybody, everybody, [4, 3, 1, 2])["position_parity"] == pytest.approx(
        (1 + np.mean([1, 1, 2 / 3])) / 2
    )
    assert of(everybody, everybody, [3, 4, 2, 1])["position_parity"] == pytest.approx(
        (1 + np.mean([0, 0, 1 / 3])) / 2
    )


def test_even_and_single_columns() -> None:
    even = of([1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1])
    assert even["spread_ratio"] == pytest.approx(1)
    assert even["spread_divergence"] == pytest.approx(0, abs=1e-7)
    single = of([1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0])
    assert single["spread_ratio"] == 0
    assert single["alpha_score"] == 0.25


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_nothing_to_rank_is_undefined(nothing: float) -> None:
    assert np.isnan([*of([0.0] * 3, [0.0] * 3, [0.0] * 3).values()]).all()
    found = of([1.0, 2.0], [1.0, 2.0], [nothing] * 2)
    assert np.isnan(found["position_parity"])
    assert found["alpha_score"] == 1
