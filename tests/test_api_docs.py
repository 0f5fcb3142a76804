"""docs/api.md documents the public names, and its examples print what they say."""

from __future__ import annotations

import doctest
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import fairrun
from fairrun import FairClassifier, Protected, ProtectedColumn
from fairrun.data import DatasetSpec
from fairrun.models.log import log_model
from fairrun.serving.app import create_app
from tests.conftest import ROOT
from tests.contract.conftest import store
from tests.serving.running import in_a_thread

__all__ = ["store"]

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
INTRODUCTION, *_SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
#: The text below each heading, by the name in the heading.
SECTIONS = {text.split("`")[1]: text for text in _SECTIONS}


def run(text: str, name: str, variables: dict[str, Any]) -> None:
    """Run the examples of a part of the page; what they define is left in `variables`."""
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert blocks, f"{name} has no example"
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), variables, name, "api.md", 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        test, out=said.append, clear_globs=False
    )
    assert not said, "".join(said)
    variables.update(test.globs)


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    """What the examples start from."""
    variables: dict[str, Any] = {}
    run(INTRODUCTION, "introduction", variables)
    return variables


@pytest.fixture(scope="module")
def uri(rows: dict[str, Any], store: str) -> str:
    """A model of these rows, logged as `train` logs one."""
    import mlflow

    train: pd.DataFrame = rows["train"]
    protected = Protected("sex", "Male", "Female")
    model = FairClassifier(protected).fit(train.drop(columns="hired"), train["hired"])
    spec = DatasetSpec("people", "people.csv", "hired", "1", (protected,))
    with mlflow.start_run():
        columns = [ProtectedColumn.from_frame(train, protected)]
        return log_model(model.inference_, spec, columns, "none").uri


@pytest.fixture(scope="module")
def url(uri: str) -> Iterator[str]:
    with in_a_thread(create_app(uri, processes=1)) as address:
        yield address


@pytest.mark.parametrize("name", SECTIONS)
def test_the_example_prints_what_it_says(
    name: str, rows: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    needs = {"load_model": "uri", "Client": "url"}.get(name)
    given = {} if needs is None else {needs: request.getfixturevalue(needs)}
    run(SECTIONS[name], name, rows | given)


def test_the_page_documents_the_public_names_and_no_others() -> None:
    assert sorted(SECTIONS) == sorted(fairrun.__all__)
    assert re.findall(r"^\| \[`(\w+)`\]", INTRODUCTION, flags=re.MULTILINE) == list(SECTIONS)


@pytest.mark.parametrize(
    "name", sorted(set(fairrun.__all__) - {"__version__", "RequestError", "StoreError"})
)
def test_the_page_names_every_parameter(name: str) -> None:
    parameters = inspect.signature(getattr(fairrun, name)).parameters.values()
    for parameter in parameters:
        row = rf"^\| (`\w+`, )*`{parameter.name}`(, `\w+`)* \| .*$"
        line = re.search(row, SECTIONS[name], flags=re.MULTILINE)
        assert line is not None, parameter.name
        if parameter.default not in (inspect.Parameter.empty, None):
            default = f"`{parameter.default!r}`".replace("'", '"')
            assert default in line[0], f"{parameter.name} has the default {parameter.default!r}"


@pytest.mark.parametrize("name", fairrun.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert name in dir(fairrun)
    assert getattr(fairrun, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'fairrun' has no attribute 'nothing'"):
        _ = fairrun.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "without"),
    [
        ("import fairrun", ("pandas", "numpy", "mlflow")),
        ("import fairrun; [getattr(fairrun, n) for n in fairrun.__all__]", ("mlflow",)),
    ],
)
def test_what_an_import_leaves_out(code: str, without: tuple[str, ...]) -> None:
    asked = f"{code}; import sys; print(*({set(without)!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
