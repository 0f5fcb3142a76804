import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import check_accessibility  # noqa: E402

HAS_TOOLS = check_accessibility.chromium() is not None and shutil.which("npm") is not None
needs_tools = pytest.mark.skipif(not HAS_TOOLS, reason="needs chromium and npm on PATH")

GOOD = '<!doctype html><html lang="en"><title>A</title><main><h1>A</h1><p>Text</p></main></html>'
BAD = GOOD.replace("<p>Text</p>", '<img src="data:,"><p style="color: #ccc">Text</p>')


def test_a_machine_without_chromium_or_npm_gets_a_line(monkeypatch, capsys) -> None:
    monkeypatch.setattr(check_accessibility, "chromium", lambda: None)
    assert check_accessibility.main([]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_page_is_a_file_or_an_address(tmp_path) -> None:
    (tmp_path / "a.html").write_text(GOOD)
    url = check_accessibility.address(str(tmp_path / "a.html"))
    assert url.startswith("file:///")
    assert check_accessibility.address("http://127.0.0.1:8000/docs").endswith("/docs")
    with pytest.raises(SystemExit, match="is not a file"):
        check_accessibility.address(str(tmp_path / "b.html"))


def test_the_lock_has_a_digest_and_no_address() -> None:
    lock = (ROOT / "scripts/accessibility/package-lock.json").read_text()
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/') == 1
    assert "://" not in lock


@needs_tools
@pytest.mark.slow
def test_a_serious_fault_fails_the_check(tmp_path, capsys) -> None:
    (tmp_path / "good.html").write_text(GOOD)
    (tmp_path / "bad.html").write_text(BAD)
    assert check_accessibility.main([str(tmp_path / "good.html")]) == 0
    assert check_accessibility.main([str(tmp_path / "bad.html")]) == 1
    said = capsys.readouterr().out
    assert "critical image-alt" in said
    assert "serious color-contrast" in said


@needs_tools
@pytest.mark.slow
def test_the_pages_have_no_serious_fault(capsys) -> None:
    assert check_accessibility.main([]) == 0, capsys.readouterr().out
