"""The page of each mitigator is what the script writes from the registry and its docstring."""

from __future__ import annotations

import importlib.util

import pytest

from fairrun.training.mitigation import MITIGATORS
from tests.conftest import ROOT

spec = importlib.util.spec_from_file_location("pages", ROOT / "scripts" / "make_method_pages.py")
assert spec is not None
assert spec.loader is not None
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)


@pytest.mark.parametrize("name", MITIGATORS)
def test_a_page_says_what_the_registry_says(name: str) -> None:
    page = (ROOT / "docs" / "methods" / f"{name}.md").read_text(encoding="utf-8")
    assert page == pages.page_of(name), "run python scripts/make_method_pages.py"


def test_there_is_a_page_for_each_and_for_nothing_else() -> None:
    written = {path.stem for path in (ROOT / "docs" / "methods").glob("*.md")}
    assert written == set(MITIGATORS)
