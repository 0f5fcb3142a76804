"""The type that the documentation prints for Spark is that of what a model answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import mlflow
import pandas as pd
import pytest

from fairrun.data import Dataset
from tests.conftest import ROOT
from tests.contract.conftest import BY_GROUP, Case, make_case

PARAMS = {"explain": True, "counterfactuals": True}
PRIMITIVES = {"long": int, "double": float, "string": (str, float)}


@pytest.fixture(scope="module")
def case(people: Dataset, store: str) -> Case:
    return make_case(people, {"mitigator": "group_thresholds", "mitigator_params": BY_GROUP})


@pytest.fixture
def result_type() -> str:
    (code,) = re.findall(
        r'result_type="""(.*?)"""', (ROOT / "docs" / "explanations.md").read_text("utf-8"), re.S
    )
    return str(code)


def parse(text: str) -> dict[str, Any]:
    """Read `name: type, …` into types by name: a dict for a struct, a pair for array and map."""
    tokens = iter(re.findall(r"\w+|[<>,:]", text))

    def a_type(word: str) -> Any:
        if word in PRIMITIVES:
            return word
        assert next(tokens) == "<"
        if word == "struct":
            return fields()
        parts = [a_type(next(tokens))]
        while next(tokens) == ",":
            parts.append(a_type(next(tokens)))
        return (word, *parts)

    def fields() -> dict[str, Any]:
        found = {}
        for name in tokens:
            assert next(tokens) == ":"
            found[name] = a_type(next(tokens))
            if next(tokens, ">") == ">":
                break
        return found

    return fields()


def fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, dict):
        return [*value] == [*kind] and all(fits(value[name], kind[name]) for name in kind)
    if kind[0] == "array":
        return all(fits(each, kind[1]) for each in value)
    if kind[0] == "map":
        return all(fits(k, kind[1]) and fits(v, kind[2]) for k, v in value.items())
    return value is None or isinstance(value, PRIMITIVES[kind])  # type: ignore[arg-type]


def test_it_has_the_fields_that_are_answered(
    case: Case, rows: pd.DataFrame, result_type: str
) -> None:
    answers = case.loaded.predict(rows.head(24), params=PARAMS)
    expected = parse(result_type)
    for answer in answers.to_dict("records"):
        assert fits(answer, expected)
    assert answers["counterfactuals"].map(len).sum() > 24


@pytest.fixture
def spark() -> Iterator[Any]:
    session = pytest.importorskip("pyspark.sql", reason="needs pyspark, and Java").SparkSession
    session = session.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


@pytest.mark.filterwarnings("ignore")
def test_spark_takes_it(spark: Any, case: Case, rows: pd.DataFrame, result_type: str) -> None:
    some = rows.iloc[20:30].drop(columns="key")
    predict = mlflow.pyfunc.spark_udf(
        spark, str(case.folder), env_manager="local", params=PARAMS, result_type=result_type
    )
    table = spark.createDataFrame(some.to_dict("records"))
    answered = table.select(predict().alias("answer")).select("answer.*").collect()
    got = pd.DataFrame([row.asDict(recursive=True) for row in answered])
    own = case.model.answer(some, explain=True, counterfactuals=True)
    assert own.explanations is not None
    assert own.counterfactuals is not None
    assert got["explanation"].tolist() == own.explanations.to_dicts()
    as_text = [[hint | {"to": str(hint["to"])} for hint in hints] for hints in own.counterfactuals]
    assert got["counterfactuals"].tolist() == as_text
    answers = got[["prediction", "probability", "decision_probability"]]
    pd.testing.assert_frame_equal(answers, own.to_frame(), check_exact=True)
