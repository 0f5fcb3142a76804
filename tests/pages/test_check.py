"""The page of a check: one file without a script, with all findings and no row."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd

from fairrun.data import Roles, find
from fairrun.gate import PlannedGroup, plan_gate
from fairrun.groups import Protected
from fairrun.pages import render_check
from tests.data.test_findings import typed


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.heads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["th"]:
            self.heads.append(data)
        self.text += data


def test_the_page_has_all_findings_and_escapes_names() -> None:
    hostile = "<script>alert(1)</script>"
    frame = pd.DataFrame(
        {
            hostile: [f"secret {i}" for i in range(400)],
            "sex": ["m", "f"] * 200,
            "copy": ["yes"] * 200 + ["no"] * 200,
            "paid": ["yes"] * 200 + ["no"] * 200,
        }
    )
    roles = Roles("paid", "yes", (Protected("sex", "m"),))
    found = find(typed(frame), roles)
    gate = plan_gate([("sex", PlannedGroup("m", 40, 0.5), PlannedGroup("f", 20, 0.5))])
    html = render_check("people", found, gate, "target: paid\n")
    page = Page(html)
    assert "script" not in page.tags
    assert page.links == []
    for each in found.findings:
        assert each.sentence in page.text
        assert each.way_out in page.text
    assert {each.kind for each in found.findings} == {"leak", "identifier", "row order"}
    assert "2 things to look at" in page.text
    assert "too few rows" in page.text
    assert "target: paid" in page.text
    assert "By sex, 50.0% of the rows of m and 50.0% of those of f have the" in page.text
    assert "Leak (warning):" in page.text
    assert {"missing, m", "missing, f"} <= set(page.heads)
    assert "secret" not in html


def test_without_roles_the_page_has_the_columns_alone() -> None:
    frame = pd.DataFrame({"x": range(10), "y": [1.5] * 5 + [2.5] * 5})
    html = render_check("numbers", find(typed(frame), Roles()), plan_gate([]), "")
    headings = [part.partition("</h2>")[0].rpartition(">")[2] for part in html.split("<h2")[1:]]
    assert headings == ["Findings", "Columns"]
    assert "The target is not known yet" in html
    assert "missing, " not in html
