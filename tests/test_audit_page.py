"""What docs/audit.md says holds: its example, its conditions and its messages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from fairrun.__main__ import main
from fairrun.data.where import parse_where
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "audit.md").read_text("utf-8")


@pytest.fixture
def loans(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Run the page's code in a folder with an empty store."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(code, {})  # noqa: S102
    return pd.read_csv("loans.csv")


def test_the_example_prints_what_it_says(loans: pd.DataFrame) -> None:
    assert len(loans) == 3000
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL)
    command, said, *table = block.strip().splitlines()
    result = CliRunner().invoke(main, command.removeprefix("$ python -m fairrun ").split())
    assert result.exit_code == 0, result.output
    assert said in result.stderr
    assert "\n".join(table) in result.stdout


def test_every_condition_can_be_read() -> None:
    table = PAGE.partition("| condition |")[2].partition("\n\n")[0]
    conditions = re.findall(r"`([^`]+)`", table.replace(r"\|", "|"))
    assert len(conditions) == 12
    for each in conditions:
        (read,) = parse_where(each)
        assert read.column in ("branch", "age", "date", "a;b")


@pytest.mark.parametrize("where", re.findall(r"-P where='(.*?)'", PAGE))
def test_the_number_of_rows_is_true(loans: pd.DataFrame, where: str) -> None:
    kept = (loans["date"] >= "2025-07-01") & loans["branch"].isin(["North", "South"])
    assert where == "date>=2025-07-01; branch=North|South"
    assert f"{kept.sum():,} of {len(loans):,}" in PAGE
