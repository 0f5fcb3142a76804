from __future__ import annotations

from pathlib import Path

import pytest

from fairrun.errors import RequestError
from fairrun.gate import Gate, parse_gate, read_gate

TERMS = "accuracy>=0.8; statistical_parity<=0.1 @ sex"


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ("family=holm", "; min_count=30; family=holm"),
        ("family : holm; min_count=50", "; min_count=50; family=holm"),
        ("family=none", "; min_count=30"),  # the default is not written, as before
    ],
)
def test_a_family_is_read_and_written(settings: str, written: str) -> None:
    gate = parse_gate(f"{settings}; {TERMS}")
    assert str(gate) == TERMS + written
    assert parse_gate(str(gate)) == gate == Gate.parse(str(gate))


def test_a_family_in_a_file_is_that_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("terms: [accuracy>=0.8]\nfamily: holm\n", encoding="utf-8")
    assert read_gate(str(path)) == parse_gate("accuracy>=0.8; family=holm")
    for given in ("[holm]", "true", "bonferroni", "9" * 4000):
        path.write_text(f"terms: [accuracy>=0.8]\nfamily: {given}\n", encoding="utf-8")
        with pytest.raises(RequestError, match=r"is not known; give holm .* or none"):
            read_gate(str(path))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("family=bonferroni", "family=bonferroni is not known; give holm"),
        ("family=holm; family=none", "family is given 2 times"),
    ],
)
def test_another_family_is_refused(settings: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        parse_gate(f"{TERMS}; {settings}")
