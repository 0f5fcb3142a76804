"""Lays out the tables of the frontier benchmark, from plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: Figures of one method in one cell: accuracy, half_width, parity, holds.
Row = Mapping[str, Any]


def summary(rows: Sequence[Row]) -> str:
    """One line a cell: ours chosen like the peers, the best peer that holds, and our default."""
    lines = [
        "| protected | estimator | cell | ours | best peer that holds | it | ours − it | default |",
        "|---" * 8 + "|",
    ]
    for row in rows:
        entries = [
            row["protected"],
            row["estimator"],
            _limit(row["cell"]),
            _cell(row["ours"], row["cell"]),
            row["best_peer"],
            _cell(row["peer"], row["cell"]),
            f"{row['gap']:+.4f} ± {_number(row['gap_half_width']):.4f}",
            _cell(row["default"], row["cell"]),
        ]
        lines.append(f"| {' | '.join(entries)} |")
    return "\n".join(lines)


def details(rows: Sequence[Row]) -> str:
    """Every method of one problem, one column a cell."""
    shown = list(dict.fromkeys(row["cell"] for row in rows))
    lines = [
        "| method | seeds | " + " | ".join(_limit(cell) for cell in shown) + " |",
        "|---" * (len(shown) + 2) + "|",
    ]
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = {row["cell"]: row for row in rows if row["method"] == method}
        entries = [_cell(mine[cell], cell) for cell in shown]
        lines.append(f"| {method} | {mine[shown[0]]['seeds']} | {' | '.join(entries)} |")
    return "\n".join(lines)


def _limit(cell: str) -> str:
    return cell if not cell.startswith("0.") else f"≤ {float(cell):.2f}"


def _cell(row: Row, cell: str) -> str:
    where = f"{row['parity']:.3f}" if cell.startswith("0.") else f"{row['parity']:.2f}"
    if not row["holds"]:
        where += ", does not hold"
    return f"{row['accuracy']:.4f} ± {_number(row['half_width']):.4f} ({where})"


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
