"""A small problem that many tests share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairrun.data import DatasetSpec
from fairrun.groups import Protected


def make_raw(n_rows: int, seed: int) -> pd.DataFrame:
    """Rows with what real ones have: skew, ties, rare categories, text that is not ASCII."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["Male", "Female", None], p=[0.6, 0.37, 0.03], size=n_rows)
    male = sex == "Male"
    age = np.round(rng.gamma(9, 4.5, n_rows) + 2 * male)
    gain = np.where(rng.random(n_rows) < 0.9, 0.0, np.round(rng.gamma(1, 4000, n_rows)))
    weight = rng.normal(2e5, 1e5, n_rows)
    job = rng.choice(["clerk", "Ärztin", "sales", "rare"], p=[0.5, 0.2, 0.29, 0.01], size=n_rows)
    score = 0.05 * (age - 40) + 0.0003 * gain + 0.7 * male + (job == "Ärztin") - 1.2
    paid = rng.random(n_rows) < 1 / (1 + np.exp(-score))
    return pd.DataFrame(
        {
            "age": age,
            "weight": weight,
            "job": job,
            "sex": sex,
            "gain": gain,
            "paid": np.where(paid, "high", "low"),
        }
    )


SPEC = DatasetSpec(
    name="people",
    source="people.parquet",
    target="paid",
    positive="high",
    protected=(Protected("sex", "Male", "Female"),),
    changeable=("age", "weight", "job", "gain"),
)
