"""Addresses: URIs of every kind, the packages that they need, and passwords that are not shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from fairrun.data import ReadOptions, load_source
from fairrun.data.addresses import masked, scheme_of, with_environment
from fairrun.errors import RequestError


@pytest.fixture
def memory() -> str:
    fsspec = pytest.importorskip("fsspec")
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe("/people/one.csv", b"age;job\n01;x\n")
    return "memory://people"


def test_a_file_of_fsspec(memory: str) -> None:
    found = load_source(f"{memory}/one.csv")
    assert found.frame.to_dict("list") == {"age": ["01"], "job": ["x"]}
    with pytest.raises(RequestError, match=r"data=memory://people/two.csv is not there"):
        load_source(f"{memory}/two.csv")


def test_a_path_with_blanks_and_commas(tmp_path: Path) -> None:
    path = tmp_path / "a, b" / "people: of, 2024.csv"
    path.parent.mkdir()
    path.write_text("age,job\n01,x\n", encoding="utf-8")
    assert load_source(str(path)).frame.shape == (1, 2)
    assert load_source(path.as_uri()).frame.shape == (1, 2)


@pytest.mark.parametrize(
    ("source", "package"), [("s3://b/p.csv", "s3fs"), ("gs://b/p.csv", "gcsfs")]
)
def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, source: str, package: str
) -> None:
    # MLflow's own libraries for these stores are not used either.
    for name in (package, "boto3", "google.cloud.storage", "google.cloud"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RequestError, match=f"a package that is not installed: {package}; install"):
        load_source(source)


SECRETS = [
    ("postgresql://reader:geheim@db/people", "postgresql://reader:***@db/people"),
    ("https://u:geheim@example.org/p.csv", "https://u:***@example.org/p.csv"),
    ("https://example.org/p.csv?token=geheim&a=1", "https://example.org/p.csv?token=***&a=1"),
    ("https://e.org/p.csv?X-Amz-Signature=geheim", "https://e.org/p.csv?X-Amz-Signature=***"),
    ("https://e.org/p.csv?sv=1&sig=geheim", "https://e.org/p.csv?sv=1&sig=***"),
    ("mssql+pyodbc://db/p?PWD=geheim", "mssql+pyodbc://db/p?PWD=***"),
]


@pytest.mark.parametrize(("source", "shown"), SECRETS)
def test_a_password_is_refused_and_never_shown(source: str, shown: str) -> None:
    assert masked(source) == shown
    with pytest.raises(RequestError, match="has a password, and the run would keep it") as caught:
        load_source(source, ReadOptions(query="SELECT 1"))
    assert "geheim" not in str(caught.value)
    assert shown in str(caught.value)


def test_a_password_of_any_characters_reaches_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAIRRUN_TEST_PW", "p@s/s:%w?")
    monkeypatch.setenv("FAIRRUN_TEST_HOST", "db:99")
    source = with_environment("postgresql://reader:${FAIRRUN_TEST_PW}@${FAIRRUN_TEST_HOST}/people")
    url = make_url(source)
    assert (url.password, url.host, url.port) == ("p@s/s:%w?", "db", 99)
    monkeypatch.setenv("FAIRRUN_TEST_PW", "a%3D")
    signed = "https://example.org/p.csv?sig=${FAIRRUN_TEST_PW}"
    assert with_environment(signed) == "https://example.org/p.csv?sig=a%3D"


def test_a_signed_link_is_longer_than_a_file_name() -> None:
    assert scheme_of(f"https://example.org/p.csv?{'x' * 5000}") == "https"


@pytest.mark.parametrize(
    "source", ["https://example.org/p.csv?keyword=a&design=b", "sqlite:///a:b@c.db", "C:\\a.csv"]
)
def test_what_is_no_password_is_shown(source: str) -> None:
    assert masked(source) == source


def test_a_password_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place that is read has the value; what is shown has the name."""
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/people/a b.csv", b"age,job\n1,x\n")
    with pytest.raises(RequestError, match="needs the environment variable FAIRRUN_TEST_FILE"):
        load_source("memory://people/${FAIRRUN_TEST_FILE}.csv")
    monkeypatch.setenv("FAIRRUN_TEST_FILE", "geheim")
    with pytest.raises(RequestError, match=r"\{FAIRRUN_TEST_FILE\}.csv is not there") as caught:
        load_source("memory://people/${FAIRRUN_TEST_FILE}.csv")
    assert "geheim" not in str(caught.value)
    source = "sqlite:///" + str(tmp_path) + "/${FAIRRUN_TEST_FILE}.db"
    with pytest.raises(RequestError, match="is not a file") as caught:
        load_source(source, ReadOptions(query="SELECT 1"))
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("reading", [1, 2])
def test_a_name_that_is_too_long_is_no_file(reading: int) -> None:
    with pytest.raises(RequestError, match="is not a file"):
        load_source("x" * 5000 + ".csv", reading=reading)
