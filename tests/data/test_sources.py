"""Where rows come from, and what is said when they can't be had."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from fairrun.data import ReadOptions, load_source
from fairrun.data.sources import load_adult
from fairrun.errors import RequestError

FRAME = pd.DataFrame({"age": [30, 40], "class": ["<=50K", ">50K"]})


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_by_path_or_uri(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"people{suffix}"
    FRAME.to_csv(path, index=False) if suffix == ".csv" else FRAME.to_parquet(path)
    expected = FRAME.astype(str) if suffix == ".csv" else FRAME
    for source in (str(path), path.as_uri()):
        found = load_source(source)
        pd.testing.assert_frame_equal(found.frame, expected)
        assert found.written == (suffix == ".csv")
        # Models that were trained before have columns that pandas typed.
        first = load_source(source, reading=1)
        pd.testing.assert_frame_equal(first.frame, FRAME)
        assert not first.written


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nowhere.csv", None, "is not a file; give census, adult"),
        ("people.xlsx", b"", "ends in '.xlsx'; give a .csv or .parquet file"),
        ("empty.csv", b"", "cannot be read as csv \\(EmptyDataError\\)"),
        ("headed.csv", b"age,class\n", "has no rows"),
        ("text.parquet", b"not a table", "cannot be read as parquet \\(ArrowInvalid\\)"),
        ("semicolons.csv", b"age;class\n1;2\n", "has one column; separate the columns by commas"),
        ("latin.csv", "näme\nä\n".encode("latin-1"), "is not UTF-8 text; save the file as UTF-8"),
    ],
)
def test_what_the_first_version_of_reading_refused(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match=said):
        load_source(str(tmp_path / name), reading=1)


def test_a_relative_path_is_refused_with_the_folder_that_was_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=rf"is looked for in {tmp_path}\)$"):
        load_source("nowhere.csv")
    with pytest.raises(RequestError, match=r"the id of a run$"):
        load_source(str(tmp_path / "nowhere.csv"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A local HTTP server: its folder and its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_over_http(serve: tuple[Path, str]) -> None:
    folder, address = serve
    (folder / "a b").mkdir()
    FRAME.to_csv(folder / "a b" / "people.csv.gz", index=False)
    found = load_source(f"{address}/a%20b/people.csv.gz?year=2024").frame
    pd.testing.assert_frame_equal(found, FRAME.astype(str))
    with pytest.raises(RequestError, match=r"nowhere.csv cannot be read \(HTTPError\)"):
        load_source(f"{address}/nowhere.csv")
    FRAME.to_csv(folder / "people.csv", index=False)
    pd.testing.assert_frame_equal(load_source(f"{address}/people.csv", reading=1).frame, FRAME)
    with pytest.raises(RequestError, match="cannot be read as csv \\(HTTPError\\)"):
        load_source(f"{address}/nowhere.csv", reading=1)


@pytest.fixture
def hub(serve: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """holisticai's own loader on a local host; gives the file that it asks for."""
    from holisticai.datasets import _dataloaders

    folder, address = serve
    read = pd.read_parquet

    class Pandas:
        @staticmethod
        def read_parquet(url: str) -> pd.DataFrame:
            return read(url.replace("https://huggingface.co", address))

    monkeypatch.setattr(_dataloaders, "pd", Pandas)
    monkeypatch.setenv("HOLISTIC_AI_DATA", str(folder / "home"))
    place = "datasets/holistic-ai/holisticai-datasets/resolve/main/data/adult"
    (folder / place).mkdir(parents=True)
    return folder / place / "adult_dataset.parquet"


def adult_like(n_rows: int = 48_842) -> pd.DataFrame:
    from fairrun.data.census import load_census

    return load_census().head(n_rows)


def test_adult_is_downloaded_once_and_cached(hub: Path, tmp_path: Path) -> None:
    adult_like().to_parquet(hub, index=False)
    first = load_adult(tmp_path / "cache")
    hub.unlink()
    second = load_adult(tmp_path / "cache")
    assert first.shape == (48_842, 15)
    pd.testing.assert_frame_equal(first, second)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["adult.parquet"]


def test_the_real_adult_through_the_real_loader(
    hub: Path, tmp_path: Path, adult_file: Path
) -> None:
    shutil.copy(adult_file, hub)
    frame = load_adult(tmp_path / "cache")
    pd.testing.assert_frame_equal(frame, pd.read_parquet(adult_file))


def test_what_is_not_adult_is_not_cached(hub: Path, tmp_path: Path) -> None:
    adult_like(100).to_parquet(hub, index=False)
    with pytest.raises(RequestError, match="48842 rows and 15 columns; 100 rows"):
        load_adult(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_is_not_adult_is_refused(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "adult.parquet")
    with pytest.raises(RequestError, match="delete it to fetch it again"):
        load_adult(tmp_path)


def test_adult_out_of_reach_names_the_alternatives(hub: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="path of a copy, or data=census"):
        load_adult(tmp_path / "cache")


def test_a_uri_no_store_knows_is_refused() -> None:
    with pytest.raises(RequestError, match=r"data=nosuch://people.csv cannot be fetched"):
        load_source("nosuch://people.csv")


def test_columns_twice_were_refused(tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("age,paid,age\n1,2,3\n", encoding="utf-8")
    with pytest.raises(RequestError, match="has duplicate columns: age; rename or remove them"):
        load_source(str(tmp_path / "twice.csv"), reading=1)


def test_an_option_for_a_file_is_not_used_for_a_built_in_data_set() -> None:
    table = load_source("census", ReadOptions(delimiter=";"))
    assert table.notes == (
        "read.delimiter was not used, because the source is a built-in data set.",
    )


def test_the_first_version_of_reading_has_no_options(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(RequestError, match="an earlier version, which have no options"):
        load_source(str(tmp_path / "people.csv"), ReadOptions(delimiter=";"), reading=1)
