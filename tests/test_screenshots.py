import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import _chromium  # noqa: E402
import screenshots  # noqa: E402

CHROMIUM = _chromium.chromium()
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on PATH")


def a_run(run_id: str, experiment: str = "1") -> SimpleNamespace:
    return SimpleNamespace(info=SimpleNamespace(run_id=run_id, experiment_id=experiment))


RUNS = screenshots.Runs(
    main=a_run("parent"),
    evaluate=a_run("evaluated"),
    sweep=a_run("swept", "2"),
    check=a_run("checked"),
    evaluated=[a_run("one"), a_run("two")],
    model="m-1",
    version=("in come", "3"),
)


def test_a_machine_without_chromium_gets_a_line(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(screenshots, "chromium", lambda: None)
    assert screenshots.main([str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "apt install chromium" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_each_page_has_a_picture() -> None:
    own = screenshots.own_pictures({"report": "file:///report.html", "docs": "http://app/docs"})
    assert [(each.name, each.width) for each in own] == [
        ("report-1280", 1280),
        ("report-390", 390),
        ("docs-1280", 1280),
        ("docs-390", 390),
    ]
    pictures = screenshots.pictures_of_mlflow("http://ui", RUNS)
    urls = {each.name: each.url for each in pictures}
    assert len(urls) == len(pictures)
    assert {name.split("-")[1] for name in urls} == {"training", "genai"}
    pages = ("runs", "chart", "compare", "main", "evaluate", "evaluate-metrics", "model", "sweep")
    assert {f"mlflow-training-{page}" for page in (*pages, "version")} <= set(urls)
    training = "workflowType=machine_learning"
    main = f"http://ui/#/experiments/1/runs/parent?{training}"
    assert urls["mlflow-training-main"] == main
    chart = f"http://ui/#/experiments/1/runs?compareRunsMode=CHART&{training}"
    assert urls["mlflow-training-chart"] == chart
    assert "runs=%5B%22one%22%2C%20%22two%22%5D" in urls["mlflow-genai-compare"]
    assert urls["mlflow-genai-sweep"].startswith("http://ui/#/experiments/2/runs/swept?")
    assert "/models/in%20come/versions/3?" in urls["mlflow-genai-version"]
    waiting = {each.name for each in pictures if "plotly" in each.until}
    assert {"mlflow-genai-chart", "mlflow-training-main-metrics"} <= waiting
    assert "mlflow-training-main" not in waiting


def test_only_takes_parts_of_names() -> None:
    assert screenshots.is_wanted("report-390", [])
    assert screenshots.is_wanted("report-390", ["sweep", "report"])
    assert not screenshots.is_wanted("report-390", ["sweep"])


def test_the_contact_sheet_links_every_picture() -> None:
    page = screenshots.contact_sheet({"a.png": "a, 1 x 2", "b.png": "b & c"})
    assert page.count("<img") == page.count("<a href") == 2
    assert "b &amp; c" in page


@needs_chromium
@pytest.mark.slow
def test_a_phone_is_as_narrow_as_it_says_and_a_dialog_stops_nothing(tmp_path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><body style='margin:0'><div style='height:9000px'></div>"
        "<script>document.title = prompt('A token?')</script>"
    )
    with _chromium.Browser(CHROMIUM) as browser:
        picture = screenshots.Picture("page", page.as_uri(), 390)
        captions = screenshots.take(browser, [picture], tmp_path, [])
        assert browser.evaluate("[innerWidth, document.title].join()") == "390,null"
        assert browser.pdf(tmp_path / "page.pdf") > 5
    assert list(captions) == [f"page-part{number}.png" for number in (1, 2, 3)]
    assert captions["page-part1.png"] == "page-part1, 390 x 9000"
    assert all((tmp_path / name).stat().st_size for name in captions)


@needs_chromium
@pytest.mark.slow
def test_the_script_runs_everything_and_takes_the_pictures(tmp_path) -> None:
    assert screenshots.main([str(tmp_path), "--only", "sweep-390", "training-main"]) == 0
    assert (tmp_path / "sweep-390.png").stat().st_size > 10_000
    assert (tmp_path / "mlflow-training-main.png").stat().st_size > 10_000
    assert "sweep-390.png" in (tmp_path / "index.html").read_text()
