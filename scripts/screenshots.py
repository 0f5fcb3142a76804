"""Take screenshots of every page, to look at after each change.

    python scripts/screenshots.py FOLDER [--store sqlite:////path/mlflow.db] [--only NAME ...]

The pages are the report, the page of a sweep, the page of a check, the page of the app, and the
pages of MLflow. index.html of the folder shows all pictures. Without --store, the script first runs
`main`, `evaluate`, `sweep` and `check` on the sample data. It starts and ends its own servers. It
needs Chromium, such as Debian's package chromium.
"""

from __future__ import annotations

import argparse
import html
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent))

from _chromium import Browser, chromium
from _example import Runs, find_runs, make_store, save_pages, serving

__all__ = ["Picture", "main", "own_pictures", "pictures_of_mlflow"]

#: The widths of a desktop window and of a phone.
WIDE, NARROW = 1280, 390
#: A higher page gets several pictures.
HIGHEST = 4000
_NO_CHROMIUM = "there is no chromium on PATH; install it (apt install chromium), and try again"
#: MLflow fetches the data of its charts after the page, which seems to be at rest meanwhile.
_HAS_CHARTS = "document.querySelector('.js-plotly-plot')"
_WITH_CHARTS = ("chart", "compare", "main-metrics", "evaluate-metrics")
#: MLflow opens its assistant over a third of the window at a browser's first visit.
_NO_ASSISTANT = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""


@dataclass(frozen=True)
class Picture:
    """A picture of a page.

    Attributes
    ----------
    name : str
        The name of the file, without its ending.
    url : str
        The address of the page.
    width, height : int
        The size of the window.
    until : str
        A JavaScript expression that is true when the page shows what it should.
    """

    name: str
    url: str
    width: int = WIDE
    height: int = 900
    until: str = "true"


def own_pictures(pages: Mapping[str, str]) -> list[Picture]:
    """Return the pictures of pages by name, each on a desktop and on a phone."""
    return [
        Picture(f"{name}-{width}", url, width)
        for name, url in pages.items()
        for width in (WIDE, NARROW)
    ]


def pictures_of_mlflow(address: str, runs: Runs) -> list[Picture]:
    """Return the pictures of MLflow's pages, in its two views of an experiment."""
    of_main = runs.main.info.experiment_id
    experiment = f"{address}/#/experiments/{of_main}"

    def page_of(run: str, of: str, tab: str = "") -> str:
        return f"{address}/#/experiments/{of}/runs/{run}{tab}"

    parent, evaluate = runs.main.info, runs.evaluate.info
    compared = quote(json.dumps([run.info.run_id for run in runs.evaluated]))
    experiments = quote(json.dumps([of_main]))
    name, version = runs.version
    pages = {
        "runs": f"{experiment}/runs",
        "chart": f"{experiment}/runs?compareRunsMode=CHART",
        "models": f"{experiment}/models",
        "compare": f"{address}/#/compare-runs?runs={compared}&experiments={experiments}",
        "main": page_of(parent.run_id, of_main),
        "main-metrics": page_of(parent.run_id, of_main, "/model-metrics"),
        "evaluate": page_of(evaluate.run_id, evaluate.experiment_id),
        "evaluate-metrics": page_of(evaluate.run_id, evaluate.experiment_id, "/model-metrics"),
        "evaluate-artifacts": page_of(evaluate.run_id, evaluate.experiment_id, "/artifacts"),
        "model": f"{address}/#/experiments/{evaluate.experiment_id}/models/{runs.model}",
        "sweep": page_of(runs.sweep.info.run_id, runs.sweep.info.experiment_id),
        "sweep-runs": f"{address}/#/experiments/{runs.sweep.info.experiment_id}/runs",
        "version": f"{address}/#/models/{quote(name)}/versions/{version}",
    }
    found = []
    for view, short in (("machine_learning", "training"), ("genai", "genai")):
        for page, url in pages.items():
            mark = "&" if "?" in url else "?"
            # MLflow scrolls inside its window, so the window is as high as most of its pages.
            name = f"mlflow-{short}-{page}"
            until = _HAS_CHARTS if page in _WITH_CHARTS else "true"
            found.append(Picture(name, f"{url}{mark}workflowType={view}", WIDE, 1800, until))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go; made if it is missing")
    parser.add_argument("--store", help="a tracking store with a run of each kind")
    parser.add_argument("--only", nargs="+", default=[], help="parts of the names of pictures")
    given = parser.parse_args(arguments)
    program = chromium()
    if program is None:
        print(_NO_CHROMIUM, file=sys.stderr)
        return 2
    folder: Path = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        store = given.store or make_store(work)
        runs = find_runs(store)
        with serving(store, runs, work / "servers.txt") as (ui, app):
            files = {name: path.as_uri() for name, path in save_pages(runs, folder).items()}
            pictures = own_pictures({**files, "docs": f"{app}/docs"})
            pictures += pictures_of_mlflow(ui, runs)
            with Browser(program, _NO_ASSISTANT) as browser:
                captions = take(browser, pictures, folder, given.only)
                captions |= print_report(browser, files["report"], folder, given.only)
    (folder / "index.html").write_text(contact_sheet(captions), encoding="utf-8")
    print(f"{len(captions)} pictures are in {folder / 'index.html'}")
    return 0


def is_wanted(name: str, only: Sequence[str]) -> bool:
    """Return whether a picture was asked for."""
    return not only or any(part in name for part in only)


def take(
    browser: Browser, pictures: Sequence[Picture], folder: Path, only: Sequence[str]
) -> dict[str, str]:
    """Take pictures, and return the caption of each file."""
    captions: dict[str, str] = {}
    for each in pictures:
        if is_wanted(each.name, only):
            browser.open(each.url, each.width, each.height, each.until)
            too_wide = browser.size()[0] - each.width
            note = f": {too_wide} pixels wider than the window" if too_wide > 0 else ""
            captions |= save(browser, folder, each.name, note)
    return captions


def print_report(browser: Browser, url: str, folder: Path, only: Sequence[str]) -> dict[str, str]:
    """Print the report to a file, and take pictures of it as it is printed."""
    if not is_wanted("report-print", only):
        return {}
    # A4 without its margins has this width in pixels of 1/96 inch.
    browser.open(url, 688, 1000)
    note = f": {browser.pdf(folder / 'report.pdf')} pages in report.pdf"
    browser.emulate("print")
    captions = save(browser, folder, "report-print", note)
    browser.emulate("")
    return captions


def save(browser: Browser, folder: Path, name: str, note: str) -> dict[str, str]:
    """Save pictures of the open page, from its top to its end, and return their captions."""
    width, height = browser.size()
    tops = range(0, height, HIGHEST)
    captions: dict[str, str] = {}
    for number, top in enumerate(tops, start=1):
        file = f"{name}.png" if len(tops) == 1 else f"{name}-part{number}.png"
        browser.screenshot(folder / file, top, min(HIGHEST, height - top))
        captions[file] = f"{file.removesuffix('.png')}, {width} x {height}{note}"
        print(captions[file], flush=True)
    return captions


def contact_sheet(captions: Mapping[str, str]) -> str:
    """Return a page that shows all pictures."""
    figures = "".join(
        f'<figure><a href="{html.escape(name)}"><img src="{html.escape(name)}" alt=""></a>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>\n"
        for name, caption in captions.items()
    )
    style = (
        "body { display: grid; gap: 1rem; margin: 1rem; font: 1rem sans-serif;"
        " grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }"
        " figure { margin: 0; } img { width: 100%; height: 24rem; object-fit: cover;"
        " object-position: top; border: 1px solid #999; }"
    )
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Screenshots</title>\n'
        f"<style>{style}</style>\n{figures}</html>\n"
    )


if __name__ == "__main__":
    sys.exit(main())
