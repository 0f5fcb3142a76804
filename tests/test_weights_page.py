"""What docs/weights.md says holds."""

from __future__ import annotations

import doctest
import re

from fairrun.text import format_table
from fairrun.training.mitigation import MITIGATORS, weights_table
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "weights.md").read_text("utf-8")


def test_the_table_of_mitigators_is_the_registrys() -> None:
    assert format_table(weights_table()) in PAGE, "run scripts/make_method_pages.py"
    takers = weights_table().set_index("mitigator")["takes weights"] == "yes"
    assert {name for name, row in MITIGATORS.items() if row.takes_weights} == {
        name.strip("`") for name in takers[takers].index
    }


def test_the_example_gives_what_it_says() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    example = doctest.DocTestParser().get_doctest(code, {}, "weights.md", None, 0)
    assert doctest.DocTestRunner().run(example).failed == 0
