"""The cluster column: what is read and refused, and that the splits keep clusters together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.data import DatasetSpec, deal_clusters, prepare, prepare_rows, read_clusters
from fairrun.errors import RequestError
from tests.people import SPEC, make_raw

CLUSTERED = replace(SPEC, cluster="household")
SHARES = (0.6, 0.2, 0.2)


def raw_with(n_rows: int = 900, **changed: Any) -> pd.DataFrame:
    """People in households of one to five; the households are not in the order of the rows."""
    rng = np.random.default_rng(5)
    household = np.repeat(np.arange(n_rows), rng.integers(1, 6, n_rows))[:n_rows]
    frame = make_raw(n_rows, seed=1).assign(household=rng.permutation(household))
    return frame.assign(**changed)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (pd.Series(["b", "a", None, "b", None]), [0, 1, 2, 0, 3]),
        (pd.Series([7, 3, 7]), [0, 1, 0]),
        (pd.Series([7.5, np.nan, np.nan, 7.5]), [0, 1, 2, 0]),
        (pd.Series([pd.NA, 9, 9], dtype="Int64"), [0, 1, 1]),
        (pd.Series([], dtype=object), []),
    ],
)
def test_clusters_are_numbered_and_a_null_is_a_cluster_of_its_own(
    values: pd.Series, codes: list[int]
) -> None:
    assert read_clusters(values).tolist() == codes


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_cluster_is_in_one_part_and_no_part_is_empty(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 12), min_size=3, max_size=60))
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    cluster = rng.permutation(np.repeat(rng.permutation(len(sizes)) * 7, sizes))
    strata = rng.integers(-1, 5, len(cluster))
    part = deal_clusters(strata, cluster, SHARES, seed)
    for each in np.unique(cluster):
        assert len(np.unique(part[cluster == each])) == 1
    assert set(part) == {0, 1, 2}
    assert part.tolist() == deal_clusters(strata, cluster, SHARES, seed).tolist()


@pytest.mark.parametrize("size", [1, 3, 50])
def test_parts_have_their_share_of_every_stratum(size: int) -> None:
    rng = np.random.default_rng(size)
    cluster = np.repeat(np.arange(6000 // size), size)
    # The rows of a cluster are alike: half of them have its own stratum.
    own = rng.integers(0, 6, len(cluster) // size)[cluster]
    strata = np.where(rng.random(len(cluster)) < 0.5, own, rng.integers(0, 6, len(cluster)))
    part = deal_clusters(strata, cluster, SHARES, seed=0)
    for stratum in range(6):
        found = np.bincount(part[strata == stratum]) / (strata == stratum).sum()
        np.testing.assert_allclose(found, SHARES, atol=0.03 if size == 50 else 0.012)


def test_too_few_clusters_are_refused() -> None:
    with pytest.raises(RequestError, match=r"^2 clusters cannot be dealt to 3 parts"):
        prepare(CLUSTERED, raw_with(household=["a", "b"] * 450))


@pytest.mark.parametrize("column", ["paid", "sex", "age", "weight"])
def test_a_cluster_has_no_second_role(column: str) -> None:
    given = {"drop": ("age",), "weight": "weight", "changeable": ()}
    with pytest.raises(RequestError, match=f"^cluster={column} is also the target, the weight, or"):
        replace(SPEC, cluster=column, **given)


def test_splits_keep_clusters_together_and_have_them_in_their_digest() -> None:
    frame = raw_with()
    dataset = prepare(CLUSTERED, frame)
    seen: set[int] = set()
    for rows in dataset.splits.values():
        assert rows.cluster is not None
        assert "household" not in rows.frame
        assert not seen & set(rows.cluster)
        seen |= set(rows.cluster)
        assert rows.digest() != replace(rows, cluster=None).digest()
        assert rows.digest() != replace(rows, cluster=rows.cluster + 1).digest()
    assert seen == set(range(frame["household"].nunique()))
    assert [len(rows) for rows in dataset.splits.values()] == pytest.approx([540, 180, 180], abs=3)
    assert dataset.notes[0].startswith(f"cluster=household: 900 rows in {len(seen)} clusters, the")
    again = prepare(dataset.spec, frame)
    assert again.spec.digests == dataset.spec.digests


def test_without_clusters_the_splits_are_those_of_the_column_dropped() -> None:
    frame = raw_with()
    plain = prepare(SPEC, frame.drop(columns="household"))
    dropped = prepare(replace(SPEC, drop=("household",)), frame)
    assert plain.spec.digests == dropped.spec.digests
    # These digests are older than clusters.
    assert dict(plain.spec.digests)["test"] == "e5b25da7d8876e088a412a90de4044c8"


def test_the_names_of_clusters_are_not_numbers() -> None:
    names = np.array(["01", "1", "1.0"])[np.arange(900) % 3]
    frame = raw_with(household=names).iloc[:9]
    rows = prepare_rows(frame, CLUSTERED).rows
    assert rows.cluster is not None
    assert len(set(rows.cluster)) == 3


def test_a_missing_cluster_column_is_named() -> None:
    spec = replace(SPEC, cluster="houshold")
    with pytest.raises(RequestError, match=r"^cluster=houshold is not .* you mean household"):
        prepare_rows(raw_with(), spec)


def test_a_spec_with_a_cluster_survives_its_document() -> None:
    assert DatasetSpec.from_dict(CLUSTERED.to_dict()) == CLUSTERED
