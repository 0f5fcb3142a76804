"""Write what the docs say about mitigators, from the registry and the docstrings.

    python scripts/make_method_pages.py

This writes one page for each mitigator into docs/methods/, and the tables of mitigators in
README.md, docs/mitigators.md and docs/weights.md. The results on UCI Adult are copied from
docs/mitigators_on_adult.md, which benchmarks/mitigators.py writes.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fairrun.text import format_table  # noqa: E402
from fairrun.training.mitigation import (  # noqa: E402
    MITIGATORS,
    constraint_table,
    mitigator_table,
    parameter_table,
    weights_table,
)

#: The sections of a numpydoc docstring that a page shows, and their headings on the page.
SECTIONS = {"Raises": "When it fails", "Notes": "What was seen", "References": "Source"}


def page_of(name: str) -> str:
    """Return the page of one mitigator as Markdown."""
    mitigator = MITIGATORS[name]
    prose, sections = _read(inspect.getdoc(mitigator.fit) or "")
    facts, parameters = (
        table[table["mitigator"] == f"`{name}`"].drop(columns="mitigator")
        for table in (mitigator_table().drop(columns="what it does"), parameter_table())
    )
    facts = facts.assign(**{"takes weights": "yes" if mitigator.takes_weights else "no"})
    parts = [f"# {name}", mitigator.summary, prose, format_table(facts)]
    if len(parameters):
        parts += ["## Parameters", format_table(parameters)]
    for section, title in SECTIONS.items():
        if section in sections:
            parts += [f"## {title}", sections[section]]
    parts += ["## On UCI Adult", _on_adult(name)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _read(docstring: str) -> tuple[str, dict[str, str]]:
    """Return the prose and the sections of a docstring."""
    titles = re.compile(r"^([A-Z]\w+)\n-{3,}\n", re.MULTILINE)
    prose, *pieces = titles.split(docstring)
    sections = dict(zip(pieces[::2], (text.strip() for text in pieces[1::2]), strict=True))
    if "Raises" in sections:
        sections["Raises"] = re.sub(r"^RequestError\n\s+", "", sections["Raises"])
    return prose.strip(), sections


def _on_adult(name: str) -> str:
    """Return a method's lines of the table of all methods on UCI Adult."""
    lines = (ROOT / "docs" / "mitigators_on_adult.md").read_text("utf-8").splitlines()
    header = [line for line in lines if line.startswith("| ")][:2]
    mine, taken = [], False
    for line in lines:
        if line.startswith("| `"):
            taken = line.startswith(f"| `{name}` ")
        if taken and line.startswith("| "):
            mine.append(line)
    return "\n".join([*header, *mine])


def with_table(text: str, table: pd.DataFrame) -> str:
    """Return a page with the newest rows in the table that has the same first two columns.

    Raises
    ------
    ValueError
        If the page has no such table.
    """
    first, second = list(table)[:2]
    old = re.compile(rf"^\| {first} +\| {second} .*\n(\|.*\n)+", re.MULTILINE)
    if not old.search(text):
        raise ValueError(f"no table begins with the columns {first} and {second}")
    return old.sub(lambda _: format_table(table) + "\n", text)


def main() -> None:
    """Write every page, and remove the pages of mitigators that no longer exist."""
    folder = ROOT / "docs" / "methods"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name in MITIGATORS:
        (folder / f"{name}.md").write_text(page_of(name), encoding="utf-8")
    of_mitigators = [mitigator_table(), constraint_table(), parameter_table()]
    for page, tables in (
        (ROOT / "README.md", [mitigator_table()]),
        (ROOT / "docs" / "mitigators.md", of_mitigators),
        (ROOT / "docs" / "weights.md", [weights_table()]),
    ):
        text = page.read_text(encoding="utf-8")
        for table in tables:
            text = with_table(text, table)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
