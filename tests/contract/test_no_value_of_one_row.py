"""Nothing that is saved gives back the value of one training row.

Every row has a number of its own in each column that is looked for, so a number that equals one,
or the middle of two neighbours, was learned from one or two persons.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from fairrun.data import Dataset, prepare
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn, group_lookup
from fairrun.inference import GroupStepMap, InferenceModel, save_model
from fairrun.metrics import evaluate_predictions, hidden_groups, show
from fairrun.monitor import MeasuredBy, reference_of
from fairrun.training import FairClassifier
from fairrun.training.estimators import ESTIMATORS
from fairrun.training.mitigation import MITIGATORS, TrainingMatrix
from fairrun.training.mitigation.disparate_impact_remover import repair
from tests.contract.conftest import BY_GROUP, Case
from tests.people import SPEC, make_raw

Floats = NDArray[np.float64]
_NUMBER = re.compile(rb"-?\d+\.?\d*(?:e-?\d+)?")


def rows_and_middles(column: Floats, groups: NDArray[np.int8]) -> Floats:
    """The values of a column, and the middles of neighbours, among all rows and in each group."""
    found = []
    for own in (column, column[groups == 0], column[groups == 1]):
        values = np.unique(own)
        found += [values, (values[1:] + values[:-1]) / 2]
    return np.concatenate(found)


def of_rows(
    model: InferenceModel, frame: pd.DataFrame, columns: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """What would give rows back: raw, encoded and transformed values; and scores."""
    lookup = group_lookup(frame, SPEC.protected[0])
    groups = lookup.groups_of(lookup.positions(frame))
    matrix = model.encoder.encode(frame)
    rule = model.transform
    # Repaired values are the same for many rows; it is their making that may not show values.
    moved = matrix if rule is None or rule.kind == "group_step_map" else rule.apply(matrix, groups)
    places = [model.encoder.encoded_names.index(name) for name in columns]
    known = frame if model.draws is None or model.draws.row_key is None else frame.assign(key="1")
    taken = [frame[name].to_numpy(dtype=float) for name in columns]
    taken += [matrix[:, place] for place in places]
    taken += [moved[:, place] for place in places if place < moved.shape[1]]
    found = [rows_and_middles(column, groups) for column in taken]
    scores = rows_and_middles(model.log_odds(known), groups)
    return np.sort(np.concatenate(found)), np.sort(scores)


def n_found(numbers: Floats, looked_for: Floats) -> int:
    """How many numbers are among those that are looked for, up to rounding."""
    numbers = numbers[np.isfinite(numbers) & (numbers != 0)]
    places = np.searchsorted(looked_for, numbers).clip(1, len(looked_for) - 1)
    apart = np.minimum(*(np.abs(looked_for[places - back] - numbers) for back in (0, 1)))
    return int(np.sum(apart <= 1e-14 * np.abs(numbers)))


def numbers_in(folder: Path) -> Iterator[tuple[str, Floats]]:
    """All numbers of a saved model, by file, or by part and name of an array."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                for name, array in arrays.items():
                    if array.dtype.kind == "f":
                        yield name, np.ravel(array)
        elif path.is_file() and path.suffix in ("", ".json"):
            yield path.name, np.array([float(n) for n in _NUMBER.findall(path.read_bytes())])


def assert_nobody(folder: Path, values: Floats, scores: Floats) -> None:
    counted = {}
    for name, numbers in numbers_in(folder):
        counted[name] = n_found(numbers, values)
        # An invented row can have the score of a training row, because trees have few scores.
        if name.startswith("decision."):
            counted[name] += n_found(numbers, scores)
    assert len(counted) > 3
    assert not {name: n for name, n in counted.items() if n}


def test_no_file_of_a_logged_model_has_one(case: Case, people: Dataset) -> None:
    """In arrays, golden answers, MLmodel with its signature, and the example."""
    frame = people.splits["train"].frame
    assert_nobody(case.folder, *of_rows(case.model, frame, ("weight",)))


def test_what_is_looked_for_would_be_found(people: Dataset) -> None:
    """In the repair as holisticai has it, and in the thresholds of scikit-learn's trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    train = people.splits["train"]
    model = FairClassifier(SPEC.protected[0]).fit(train.frame, train.label).inference_
    lookup = group_lookup(train.frame, SPEC.protected[0])
    groups = lookup.groups_of(lookup.positions(train.frame))
    matrix = model.encoder.encode(train.frame)
    looked_for, _ = of_rows(model, train.frame, ("weight",))
    learn = partial(repair, TrainingMatrix(matrix, train.label, groups), 1.0)
    place = model.encoder.encoded_names.index("weight")

    def revealed(transform: GroupStepMap) -> int:
        return sum(n_found(steps.values, looked_for) for steps in transform.maps[place])

    assert revealed(learn(1)) > 1000
    assert revealed(learn(8)) == 0
    plain = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(matrix, train.label)
    thresholds = ESTIMATORS["hist_gradient_boosting"].read(plain).threshold
    assert n_found(thresholds, looked_for) > 20


@pytest.mark.parametrize("min_cell", [1, 5])
@pytest.mark.parametrize("sensitive", [False, True])
def test_the_reference_for_monitoring_has_none(
    people: Dataset, min_cell: int, *, sensitive: bool
) -> None:
    """Neither a number of one row, nor the name that four rows have, nor a score."""
    rows = people.splits["test"]
    frame = rows.frame.copy()
    frame.loc[:3, "job"] = "Zaphod"
    frame.loc[0, "weight"] = 7654321.5
    frame.loc[1, "gain"] = 31415.9
    rng = np.random.default_rng(0)
    score = rng.random(len(rows))
    column = ProtectedColumn.from_frame(frame, SPEC.protected[0])
    evaluation = evaluate_predictions(
        [column], [column.positions(frame)], rows.label, score > 0.5, score
    )
    hidden = hidden_groups(evaluation.counts, min_cell, unknown=sensitive)
    reference = reference_of(
        show(evaluation, hidden),
        frame.drop(columns="sex"),
        MeasuredBy("", None, "", "", ""),
        weight=None,
        min_cell=min_cell,
        sensitive=sensitive,
    )
    text = json.dumps(reference.to_dict())
    assert "Zaphod" not in text
    assert "clerk" in text
    numbers = np.array([float(each) for each in _NUMBER.findall(text.encode())])
    groups = column.groups(frame)
    looked_for = [rows_and_middles(frame["weight"].to_numpy(), groups), [7654321.5, 31415.9]]
    looked_for += [rows_and_middles(score, groups)]
    assert n_found(numbers, np.sort(np.concatenate(looked_for))) == 0
    # A quantile itself would be found.
    quantiles = np.quantile(frame["weight"], [0.1, 0.5], method="inverted_cdf")
    assert n_found(quantiles, np.sort(frame["weight"])) == 2


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("mitigator", MITIGATORS)
def test_every_method_with_every_estimator(mitigator: str, estimator: str, tmp_path: Path) -> None:
    """Each numeric column has a value for each row, and outliers of one person."""
    raw, rng = make_raw(1500, seed=5), np.random.default_rng(5)
    columns = ("age", "weight", "gain")
    for name in columns:
        raw[name] += rng.random(len(raw))
        raw.loc[:2, name] = raw[name].max() * np.array([3.1, 4.3, 9.7])
    train = prepare(SPEC, raw).splits["train"]
    told = BY_GROUP if mitigator == "group_thresholds" else None
    classifier = FairClassifier(
        SPEC.protected[0],
        mitigator=mitigator,
        mitigator_params=told,
        estimator=estimator,
        changeable=columns,
        missing="keep",
    )
    try:
        model = classifier.fit(train.frame, train.label).inference_
    except RequestError as error:
        assert "trains its own model and uses no estimator" in str(error)  # noqa: PT017
        return
    save_model(model, tmp_path)
    assert_nobody(tmp_path, *of_rows(model, train.frame, columns))
