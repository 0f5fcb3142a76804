"""Look for accessibility faults in the pages, with axe-core.

    python scripts/check_accessibility.py [PAGE ...] [--store sqlite:////path/mlflow.db]

Each fault is printed, and a serious or critical one ends the script with 1. PAGE is an HTML file or
an address. Without PAGE, the pages are the report, the page of a sweep, the page of a check and the
page of the app, of the same runs as in screenshots.py. The script needs Chromium and npm. npm puts
axe-core, at the version in scripts/accessibility, into a temporary folder.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from _chromium import Browser, chromium
from _example import find_runs, make_store, save_pages, serving

__all__ = ["axe_source", "faults_of", "main"]

_PACKAGE = Path(__file__).parent / "accessibility"
#: The effects of a fault that end the script with 1.
SERIOUS = ("serious", "critical")
#: A table that fits a desktop may scroll on a phone, and has other faults there.
WIDTHS = (1280, 390)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the pages."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="HTML files or addresses")
    parser.add_argument("--store", help="a tracking store with a run of each kind")
    given = parser.parse_args(arguments)
    program, npm = chromium(), shutil.which("npm")
    if program is None or npm is None:
        print("chromium and npm are needed on PATH; install them, and try again", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch, Browser(program) as browser:
        work = Path(scratch)
        axe = axe_source(npm, work / "npm")
        if given.pages:
            urls = {each: address(each) for each in given.pages}
            return report(browser, axe, urls)
        store = given.store or make_store(work)
        runs = find_runs(store)
        with serving(store, runs, work / "servers.txt") as (_, app):
            files = {name: path.as_uri() for name, path in save_pages(runs, work).items()}
            return report(browser, axe, {**files, "docs": f"{app}/docs"})


def address(page: str) -> str:
    """Return the address of a page, which may be a file."""
    if page.startswith(("http://", "https://", "file://")):
        return page
    if not Path(page).is_file():
        raise SystemExit(f"{page} is not a file; give an HTML file or an address with http://")
    return Path(page).resolve().as_uri()


def axe_source(npm: str, folder: Path) -> str:
    """Install axe-core into `folder` as the lock says, and return its script."""
    shutil.copytree(_PACKAGE, folder)
    options = ("--no-audit", "--no-fund", "--ignore-scripts")
    done = subprocess.run(
        [npm, "ci", *options], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{done.stderr[-1000:]}\nnpm could not install axe-core")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def report(browser: Browser, axe: str, urls: dict[str, str]) -> int:
    """Print the faults of each page, and return 1 if one of them is serious."""
    serious = 0
    for name, url in urls.items():
        for width in WIDTHS:
            found = faults_of(browser, axe, url, width)
            grave = [each for each in found if each["impact"] in SERIOUS]
            serious += len(grave)
            print(f"{name} at {width} pixels: {len(found)} faults, {len(grave)} of them serious")
            for each in found:
                print(f"  {each['impact']} {each['id']}: {each['help']}")
                for node in each["nodes"][:3]:
                    print(f"    {' '.join(map(str, node['target']))}: {node['html'][:160]}")
                if len(each["nodes"]) > 3:
                    print(f"    and {len(each['nodes']) - 3} more elements")
    return int(serious > 0)


def faults_of(browser: Browser, axe: str, url: str, width: int) -> list[dict[str, Any]]:
    """Return what axe-core finds wrong with a page at a width, the worst first."""
    browser.open(url, width, 900)
    if not browser.evaluate("document.body.innerText.trim().length > 0"):
        raise SystemExit(f"{url} is empty")
    # The semicolon ends the script, whose own value Chromium cannot send.
    browser.evaluate(f"{axe};0")
    found: list[dict[str, Any]] = browser.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"
    )
    order = ("critical", "serious", "moderate", "minor")
    return sorted(found, key=lambda each: order.index(each["impact"]))


if __name__ == "__main__":
    sys.exit(main())
