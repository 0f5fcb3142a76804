"""Which data are read before the slow imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairrun.data import DataRequest, ReadRequest, ahead, prepare, read_ahead, resolve_spec
from fairrun.errors import RequestError
from tests.people import make_raw

_ABOUT = {"target": "paid", "positive": "high", "protected": ["sex"], "privileged": ["Male"]}


def test_a_small_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.csv"
    make_raw(300, seed=3).to_csv(path, index=False)
    request = DataRequest(str(path), **_ABOUT)  # type: ignore[arg-type]
    read = read_ahead(request)
    assert isinstance(read, ReadRequest)
    assert read.dataset is not None
    assert read.dataset.spec == prepare(resolve_spec(request)).spec
    assert {name: getattr(read, name) for name in _ABOUT} == _ABOUT
    with pytest.raises(RequestError, match="target=payd is not a column of the data"):
        read_ahead(DataRequest(str(path), **_ABOUT | {"target": "payd"}))  # type: ignore[arg-type]
    monkeypatch.setattr(ahead, "SMALL", 100)
    assert read_ahead(request) is request


def test_census_is_read() -> None:
    assert isinstance(read_ahead(DataRequest("census")), ReadRequest)
    with pytest.raises(RequestError, match=r"protected=sxe is not a column.*did you mean sex"):
        read_ahead(DataRequest("census", protected=["sxe"], privileged=["Male"]))


@pytest.mark.parametrize(
    "data", ["adult", "0123456789abcdef" * 2, "https://example.org/people.csv", "."]
)
def test_other_data_are_read_in_a_run(data: str) -> None:
    request = DataRequest(data, **_ABOUT)  # type: ignore[arg-type]
    assert read_ahead(request) is request
