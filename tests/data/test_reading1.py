"""Specs that were logged before `reading` existed keep their splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fairrun.data import DatasetSpec, prepare
from fairrun.groups import Protected

#: As the version before `reading` computed them.
DIGESTS = {
    "train": "6632661315acc7fa3c96d5eb3f9966d6",
    "validation": "9933e208d6b81d0596d3b55032bab3e6",
    "test": "115f89e2e0a39b47dd3071e4f9c76bcb",
}


def test_a_file_is_read_as_it_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    raw = pd.DataFrame(
        {
            "id": np.arange(300),
            "age": rng.integers(18, 80, 300),
            "code": rng.choice(["01", "02", "10"], 300),
            "wage": [f"{wage / 7}" for wage in rng.integers(100, 9000, 300)],
            "job": rng.choice(["None", "clerk", "cook"], 300, p=[0.1, 0.6, 0.3]),
            "member": rng.choice(["True", "False"], 300),
            "sex": rng.choice(["M", "F"], 300),
            "paid": rng.integers(0, 2, 300),
        }
    )
    raw.to_csv(tmp_path / "people.csv", index=False)
    spec = DatasetSpec(
        name="people",
        source=str(tmp_path / "people.csv"),
        target="paid",
        positive="1",
        protected=(Protected("sex", "M", "F"),),
        drop=("id",),
        types=(("code", "category"),),
        max_dropped=0.01,  # no part of that reading
        reading=1,
    )
    dataset = prepare(spec.with_digests(DIGESTS))
    assert dict(dataset.spec.digests) == DIGESTS
    assert dataset.n_dropped == 21  # the text "None" was a null
    assert any("dropped 21 of " in note and "because of nulls" in note for note in dataset.notes)
    assert set(dataset.splits["train"].frame["code"]) == {"1", "2", "10"}
    assert dataset.spec.types == spec.types
