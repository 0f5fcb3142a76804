"""Write the tables of the docs and the README from benchmarks/results/.

    python scripts/make_tables.py [--check]

A page has markers. What stands between them is written by this script, the rest by hand:

    <!-- table: coverage -->
    <!-- end -->

    … agree to <!-- figure: apart -->0.13<!-- end --> standard errors …

A table comes with its command, and with the date, the commit and the machine it was measured on.
To measure one again, run its command with `--save` and then this script.

With --check nothing is written. The script says which pages differ from the results, and ends with
1 if one does. It also says which results are older than the code that they depend on, as the
digests in the results tell, and which were copied from the docs and never measured by this code.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import _frontier_tables  # noqa: E402
import mitigators as mitigators_benchmark  # noqa: E402
from _results import FIELDS, RESULTS, command_of, digest_of, read_result  # noqa: E402

__all__ = ["FIELDS", "FIGURES", "TABLES", "command_of", "digest_of", "filled", "names_in", "stale"]

_BLOCK = re.compile(r"<!-- (table|figure): (\S+) -->(.*?)<!-- end -->", re.DOTALL)

Rows = list[dict[str, Any]]


# ---- what stands between the markers


def pages() -> list[Path]:
    """List the pages that may have markers."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def filled(text: str) -> str:
    """Write every table and figure of a page anew."""

    def block(found: re.Match[str]) -> str:
        kind, name, _ = found.groups()
        made = f"\n\n{table(name)}\n\n" if kind == "table" else FIGURES[name]()
        return f"<!-- {kind}: {name} -->{made}<!-- end -->"

    return _BLOCK.sub(block, text)


def names_in(text: str) -> Iterator[tuple[str, str]]:
    """Name the tables and figures of a page, each with its kind."""
    for kind, name, _ in _BLOCK.findall(text):
        yield kind, name


def table(name: str) -> str:
    """Write one table: its command, the table itself, and how it came about."""
    made = TABLES[name]
    result = _result(made.result)
    parts = [made.write(result["rows"], result), how(result)]
    if made.command:
        parts.insert(0, f"    {result['command']}")
    return "\n\n".join(parts)


def how(result: dict[str, Any]) -> str:
    """Say when, at which commit and on which machine figures were measured."""
    said = f"Measured on {result['date']} at commit {result['commit'][:7]}"
    if result["dirty"]:
        said += " with changes that were not committed"
    machine = result["machine"]
    if machine:
        said += f", with Python {machine['python']} on {machine['cores']} cores"
        if machine["load"] is not None:
            said += f" (load {machine['load']:.1f} at the start)"
    if result["transcribed"]:
        said += f"; {result['transcribed']}"
    return said + "."


def stale(result: dict[str, Any]) -> list[str]:
    """List the code that has changed since the figures were measured."""
    return [path for path, digest in result["code"].items() if digest_of(ROOT / path) != digest]


@cache
def _result(name: str) -> dict[str, Any]:
    return read_result(name)


# ---- tables


class Table:
    """How a table is written.

    Parameters
    ----------
    result : str
        The name of the results file.
    write : function of (rows, result)
        Makes the Markdown.
    command : bool
        Whether the command stands above the table.
    """

    def __init__(
        self, result: str, write: Callable[[Rows, dict[str, Any]], str], *, command: bool = True
    ) -> None:
        self.result, self.write, self.command = result, write, command


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """Lay out a table; `align` has l or r for each column."""
    marks = {"l": ":---", "r": "---:"}
    head, *body = ("| " + " | ".join(line) + " |" for line in (header, *rows))
    rule = "|---" * len(header) + "|"
    if align:
        rule = "| " + " | ".join(marks[each] for each in align) + " |"
    return "\n".join([head, rule, *body])


def _short(value: float) -> str:
    """Write a time or a rate with three digits, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def _distinct(rows: Rows, *keys: str) -> list[tuple[Any, ...]]:
    return list(dict.fromkeys(tuple(row[key] for key in keys) for row in rows))


def coverage(rows: Rows, _: dict[str, Any]) -> str:
    """Write the lowest, the mean and the highest coverage over the metrics of each kind."""
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    lines = []
    for groups, n, case in _distinct(rows, "groups", "rows", "case"):
        cells = [str(groups), f"{n:,}", case]
        for kind in kinds:
            each = [
                row["percent"]
                for row in rows
                if (row["groups"], row["rows"], row["case"], row["kind"]) == (groups, n, case, kind)
            ]
            mean = statistics.fmean(each)
            cells.append(f"{min(each):.1f} – **{mean:.1f}** – {max(each):.1f}")
        lines.append(cells)
    return _markdown(["groups", "rows a group", "", *kinds], lines)


def coverage_small(rows: Rows, _: dict[str, Any]) -> str:
    """Write the coverage of each metric where groups are small."""
    metrics = [name for name in rows[0] if name != "rows"]
    lines = []
    for row in rows:
        each = [row[metric] for metric in metrics]
        lines.append([str(row["rows"]), *(f"{value:.1f}" for value in [*each, min(each)])])
    return _markdown(["rows a group", *metrics, "worst of all"], lines)


def coverage_edges(rows: Rows, _: dict[str, Any]) -> str:
    """Write the coverage near 0 and 1, and the errors of the matching gate terms."""
    numbers = ["lowest", "lowest_mean", "missed_below", "missed_above", "wrong_pass", "wrong_fail"]
    header = ["metric", "rows", "lowest", "lowest mean", "true value below", "true value above"]
    lines = [
        [row["metric"], row["sizes"]]
        + [f"{row[name]:.1f}" if row.get(name) is not None else "" for name in numbers]
        + [f"`{row['term']}`" if "term" in row else ""]
        for row in rows
    ]
    return _markdown([*header, "wrong passes", "wrong fails", "gate"], lines, "llrrrrrrl")


def coverage_models(rows: Rows, _: dict[str, Any]) -> str:
    """Write the coverage of differences between models."""
    first = ("kind", "rates", "rows", "differing")
    metrics = [name for name in rows[0] if name not in first]
    lines = [
        [
            row["kind"],
            row["rates"],
            f"{row['rows']:,}",
            f"{100 * row['differing']:.0f} %",
            *(f"{row[metric]:.1f}" for metric in metrics),
        ]
        for row in rows
    ]
    header = ["rows are", "rates", "rows a group", "labels that differ", *metrics]
    return _markdown(header, lines)


def promotion_errors(rows: Rows, _: dict[str, Any]) -> str:
    """Write how often a candidate passes that is as good as the champion, or worse."""
    header = ["metric", "champion", "rows a group", "labels that differ"]
    header += ["passes if it is equal", "passes if it is worse by the margin"]
    lines = [
        [
            row["metric"],
            row["champion"],
            f"{row['rows']:,}",
            f"{100 * row['differ']:.0f} %",
            f"{row['equal']:.1f} %",
            f"{row['at_margin']:.1f} %",
        ]
        for row in rows
    ]
    return _markdown(header, lines, "llrrrr")


def coverage_scores(rows: Rows, _: dict[str, Any]) -> str:
    """Write, for each metric and case, what the intervals of all its cells come to."""
    lines = []
    for metric, case in _distinct(rows, "metric", "case"):
        of = [row for row in rows if (row["metric"], row["case"]) == (metric, case)]
        covered, above, below = (
            [100 * row[name] for row in of] for name in ("covered", "above", "below")
        )
        lines.append(
            [
                f"`{metric}`",
                case,
                str(len(of)),
                f"{statistics.fmean(covered):.1f}",
                f"{min(covered):.1f}",
                f"{max(above):.1f}",
                f"{max(below):.1f}",
            ]
        )
    header = ["metric", "case", "cells", "covered, mean", "lowest", "above, most", "below, most"]
    return _markdown(header, lines)


def calibration_by_chance(rows: Rows, _: dict[str, Any]) -> str:
    """Write the mean squared calibration error of a calibrated model by the number of rows."""
    lines = [
        [f"{row['rows']:,}", f"{row['mean']:z.4f}"]
        for row in rows
        if (row["metric"], row["case"]) == ("squared_calibration_error", "calibrated")
        and row["base_rate"] == 0.05
    ]
    return _markdown(["rows", "mean of the squared calibration error"], lines)


def coverage_weighted(rows: Rows, _: dict[str, Any]) -> str:
    """Write the mean and the lowest coverage over true rates, for each kind of weights."""
    columns: list[tuple[str, str, float, float]] = [
        ("rate < 0.1", "rate", 0, 0.1),
        ("rate ≥ 0.1", "rate", 0.1, 1),
        ("difference", "difference", 0, 1),
        ("ratio", "ratio", 0, 1),
    ]
    keys = ("weights", "heavier", "effective_n")
    lines = []
    for case in _distinct(rows, *keys):
        of = [row for row in rows if tuple(row[key] for key in keys) == case]
        weights, heavier, size = case
        given = statistics.fmean(row["rate"][0] for row in of)
        cells = [weights, {1.0: "as much", 5.0: "5 ×", 0.2: "1/5"}[heavier], str(size)]
        cells.append(f"{given:.0f} %")
        for _name, metric, low, high in columns:
            here = [row[metric] for row in of if low <= row["p"] < high]
            if not here or given < 50:
                cells.append("–" if not here else "refused")
                continue
            covered = [each[1] for each in here]
            missed = max(statistics.fmean(each[side] for each in here) for side in (2, 3))
            cells.append(f"**{statistics.fmean(covered):.1f}** ({min(covered):.1f}; {missed:.1f})")
        lines.append(cells)
    heads = ["weights", "a selected row weighs", "effective rows", "given"]
    return _markdown([*heads, *(name for name, *_rest in columns)], lines)


def coverage_conditional(rows: Rows, _: dict[str, Any]) -> str:
    """Write the mean and the lowest coverage of each interval, for each kind of strata."""
    methods = {
        "difference": "Mantel–Haenszel difference",
        "sato": "with Sato's variance",
        "standardised": "standardised difference",
        "ratio": "Mantel–Haenszel ratio",
        "greenland-robins": "with Greenland and Robins' variance",
    }
    lines = []
    for (strata,) in _distinct(rows, "strata"):
        cells = [strata]
        for method in methods:
            found = [
                value
                for row in rows
                if row["strata"] == strata
                for key, value in row.items()
                if isinstance(value, list) and key.rsplit(" ", 1)[0] == method
            ]
            covered = [each[1] for each in found if each[0] > 0]
            if not covered:
                cells.append("refused")
                continue
            missed = max(statistics.fmean(each[side] for each in found) for side in (2, 3))
            cells.append(f"**{statistics.fmean(covered):.1f}** ({min(covered):.1f}; {missed:.1f})")
        lines.append(cells)
    return _markdown(["strata", *methods.values()], lines)


def coverage_over_threshold(rows: Rows, _: dict[str, Any]) -> str:
    """Write the coverage of the comparison with one threshold."""
    lines = [
        [
            row["model"],
            f"{row['rows']:,}",
            *(f"{row[name]:.1f}" for name in ("covered", "above", "below")),
            *(f"{row[name]:.3f}" for name in ("value", "true")),
        ]
        for row in rows
    ]
    heads = ["model", "rows", "covered", "limit above", "limit below", "mean value", "true value"]
    return _markdown(heads, lines)


def coverage_clusters(rows: Rows, _: dict[str, Any]) -> str:
    """Write the coverage for clustered rows, and that of intervals that ignore the clusters."""
    facts = ["rates of", "cluster in", "groups", "rows", "correlation", "clusters"]
    kinds = ["rates", "rates, as rows", "pairs", "pairs, as rows", "all pairs at once", "refused"]
    heads = ["rates", "cluster is in", "groups", "rows a cluster", "correlation", "clusters"]
    lines = [
        [
            *(f"{row[name]:,}" if isinstance(row[name], int) else str(row[name]) for name in facts),
            *(f"{row[name]:.1f}" for name in kinds),
        ]
        for row in rows
    ]
    return _markdown([*heads, *kinds], lines)


def intervals(rows: Rows, _: dict[str, Any]) -> str:
    """Write how long counting and intervals take."""
    taken = {row["what"]: row["milliseconds"] for row in rows}
    ours = taken["Counts.from_arrays"]
    given, made = (taken[f"bincount, cells {how_}"] for how_ in ("given", "made"))
    lines = [
        ["`numpy.bincount`, with cells already given as int64", _short(given)],
        [
            "`numpy.bincount`, with cells computed from the same arrays, without checks",
            _short(made),
        ],
        [
            "`Counts.from_arrays`, with checks",
            f"{_short(ours)} ({ours / given:.1f} × and {ours / made:.1f} ×)",
        ],
        [
            "`audit`: all label metrics, one- and two-way, 2,000 replicates",
            _short(taken["audit, 2,000 replicates"]),
        ],
        [
            "fairlearn `MetricFrame` for the crossing, 8 rates, no intervals",
            _short(taken["fairlearn MetricFrame, once"]),
        ],
    ]
    return _markdown(["", "ms"], lines)


def rows_needed(rows: Rows, _: dict[str, Any]) -> str:
    """Write the rows that each check was said to need, and how often they decided it."""
    header = ["case", "check", "true value", "right verdict", "rows", "decided in %", "samples"]
    lines = [
        [
            row["case"],
            f"`{row['gate']}`",
            f"{row['value']:z.3f}, {row['assumed']}",
            row["verdict"],
            ", ".join(f"{n:,}" for n in row["rows"]),
            f"{100 * row['decided']:.1f}",
            f"{row['samples']:,}",
        ]
        for row in rows
    ]
    return _markdown(header, lines)


def constraint_probability(rows: Rows, _: dict[str, Any]) -> str:
    """Write the mean probability of each range, and how often the constraint held."""
    ranges = list(dict.fromkeys((row["low"], row["high"]) for row in rows))
    header = ["spread", "groups", "rows a group", *(f"{low:g} to {high:g}" for low, high in ranges)]
    lines: dict[tuple[float, int, int], list[str]] = {}
    for row in rows:
        cells = lines.setdefault((row["spread"], row["groups"], row["rows"]), [])
        said = f"{row['probability']:.0f} / {row['holds']:.0f}" if row["simulations"] > 9 else "–"
        cells.append(said)
    of = ([f"{s:g}", str(g), f"{n:,}", *cells] for (s, g, n), cells in lines.items())
    return _markdown(header, of)


def alternatives(rows: Rows, _: dict[str, Any]) -> str:
    """Write how often a sweep says that there is a less discriminatory alternative."""
    ways = ["sweep", "test, each alone", "validation, each alone"]
    lines = (
        [
            *(row["setting"], str(row["groups"]), f"{row['rows']:,}", f"{row['candidates']:.1f}"),
            *(f"{row[way]:.1f}" for way in ways),
        ]
        for row in rows
    )
    header = ["trials are", "groups", "test rows", "candidates", "a sweep says yes", *ways[1:]]
    return _markdown(header, lines)


def gate_errors(rows: Rows, _: dict[str, Any]) -> str:
    """Write how often each verdict comes, by where the true value lies."""
    places = list(dict.fromkeys(row["true_value"] for row in rows))
    lines = []
    for groups, n, term in _distinct(rows, "groups", "rows", "term"):
        mine = [r for r in rows if (r["groups"], r["rows"], r["term"]) == (groups, n, term)]
        cells = [
            f"{row['pass']:.1f} / {row['insufficient_evidence']:.1f} / {row['fail']:.1f}"
            for row in mine
        ]
        lines.append([str(groups), f"{n:,}", term, *cells])
    return _markdown(["groups", "rows a group", "term", *places], lines)


def gate_errors_whole(rows: Rows, _: dict[str, Any]) -> str:
    """Write how often a gate of six terms is wrong, and how often it fails rightly."""
    at = {(r["columns"], r["family"], r["setting"]): r for r in rows}
    lines = []
    for columns, family in _distinct(rows, "columns", "family"):
        edge, one, outside = (
            at[columns, family, place]
            for place in ("all on the edge", "one on the edge", "one outside")
        )
        cells = [edge["fail"], one["fail"], one["pass"], outside["fail"]]
        lines.append([str(columns), f"`{family}`", *(f"{each:.1f}" for each in cells)])
    heads = [
        *("protected columns", "`family`", "all on the edge: wrong fails"),
        *("one on the edge: wrong fails", "one on the edge: wrong passes"),
        "one outside: right fails",
    ]
    return _markdown(heads, lines)


def gate_errors_unequal(rows: Rows, _: dict[str, Any]) -> str:
    """Write how often each verdict comes for two groups of very different size."""
    verdicts = ("pass", "insufficient_evidence", "fail")
    lines = [[f"{row['rate']:.3g}", *(f"{row[v]:.1f}" for v in verdicts)] for row in rows]
    return _markdown(["selection rate of both", "pass", "insufficient evidence", "fail"], lines)


_CONSTRAINTS = {
    "statistical_parity": "statistical parity",
    "disparate_impact": "disparate impact",
    "equality_of_opportunity_difference": "equal opportunity",
    "equalized_odds": "equalized odds",
}


def thresholds_hold(rows: Rows, _: dict[str, Any]) -> str:
    """Write the true gap without and with group thresholds, and how often the constraint holds."""
    lines = []
    for case, groups, sizes in _distinct(rows, "case", "groups", "rows"):
        cells = []
        for constraint in _CONSTRAINTS:
            asked = (case, groups, sizes, constraint)
            (row,) = (
                r for r in rows if (r["case"], r["groups"], r["rows"], r["constraint"]) == asked
            )
            if_shown = row["holds_if_shown"]
            told = [row["reads_group"], row["holds"], row["shown"]]
            percents = [f"{100 * share:.0f}" for share in told]
            percents.append("–" if if_shown is None else f"{100 * if_shown:.0f}")
            cells.append(f"{row['gap_none']:.3f} → {row['gap']:.3f}; {' / '.join(percents)}")
        lines.append([case, str(groups), sizes, *cells])
    return _markdown(["groups are", "groups", "rows a group", *_CONSTRAINTS.values()], lines)


def thresholds_hold_fits(rows: Rows, _: dict[str, Any]) -> str:
    """Write how often whole fits keep the tolerance on other rows."""
    lines = []
    for row in rows:
        if_shown = row["holds_if_shown"]
        lines.append(
            [
                f"{row['data']}, {row['protected']}",
                f"{row['rows']:,}",
                row["estimator"],
                f"`{row['method']}`",
                _CONSTRAINTS[row["constraint"]],
                str(row["fits"]),
                f"{row['gap_none']:.3f} → {row['gap']:.3f}",
                f"{100 * row['reads_group']:.0f} %",
                f"{100 * row['holds']:.0f} %",
                f"{row['n_shown']}",
                "–" if if_shown is None else f"{100 * if_shown:.0f} %",
            ]
        )
    header = ["data", "rows", "estimator", "method", "constraint", "fits", "gap, none → method"]
    header += ["reads the group", "holds", "shown", "holds if shown"]
    return _markdown(header, lines, "lrlllrrrrrr")


def thresholds_hold_refits(rows: Rows, _: dict[str, Any]) -> str:
    """Write how often fits in a known population keep the tolerance, and how often this is said."""
    lines = []
    for row in rows:
        if_shown = row["holds_if_shown"]
        percents = [row["holds"], row["shown"], row["shown_wrongly"], if_shown]
        percents += [row["kept"], row["kept_wrongly"], row["probability"]]
        lines.append(
            [
                row["estimator"],
                f"{_CONSTRAINTS[row['constraint']]}, {row['tolerance']:g}",
                f"{row['gap_none']:.3f} → {row['gap']:.3f}",
                *("–" if share is None else f"{100 * share:.1f}" for share in percents),
                f"{row['error_mean']:+.3f} ± {row['error_sd']:.3f}",
                f"{row['sampling_error']:.3f}",
            ]
        )
    header = ["estimator", "constraint, tolerance", "gap, none → method", "holds"]
    header += ["training rows: shown", "shown, but does not hold", "holds if shown"]
    header += ["validation rows: kept", "kept, but does not hold", "mean probability"]
    header += ["error of the difference", "sampling error"]
    return _markdown(header, lines, "llrrrrrrrrrr")


_SERVERS = {
    "tutorial's app": "the tutorial's app: FastAPI, one DataFrame of one-hot columns per request",
    "stock, constant": "MLflow's server, a constant model with the same signature",
    "stock, ours": "MLflow's server, fairrun's model",
    "our app": "fairrun's app",
}


def _median(rows: Rows, server: str, name: str) -> float:
    return statistics.median(row[name] for row in rows if row["server"] == server)


def serving(rows: Rows, _: dict[str, Any]) -> str:
    """Write requests a second and latencies of single rows."""
    lines = []
    for server, said in _SERVERS.items():
        for clients in (1, 8):
            each = [_median(rows, server, f"{n} {clients}") for n in ("rate", "p50", "p99", "cpu")]
            cells = [f"{each[0]:,.0f}", *map(_short, each[1:])]
            lines.append([said if clients == 1 else "", str(clients), *cells])
    header = ["server", "clients", "requests per second", "p50", "p99", "processor"]
    return _markdown(header, lines, "lrrrrr")


def serving_large(rows: Rows, _: dict[str, Any]) -> str:
    """Write how long a large request takes, and what it does to others.

    A server without figures for large requests gets no line.
    """
    measured = {row["server"] for row in rows if "100k s" in row}
    lines = [
        [
            said.partition(":")[0],
            *(_short(_median(rows, server, name)) for name in ("100k s", "during p99")),
        ]
        for server, said in _SERVERS.items()
        if server in measured
    ]
    header = ["server", "100,000 rows in one request, s", "p99 of single rows meanwhile, ms"]
    return _markdown(header, lines, "lrr")


def serving_stock(rows: Rows, _: dict[str, Any]) -> str:
    """Write how many requests a second our model costs on MLflow's server."""
    lines = []
    for clients in (1, 8):
        constant, ours = (
            _median(rows, server, f"rate {clients}")
            for server in ("stock, constant", "stock, ours")
        )
        change = f"{100 * (1 - ours / constant):.0f} %"
        lines.append([str(clients), f"{constant:.1f}", f"{ours:.1f}", change])
    requests = "requests per second"
    header = ["clients", f"constant model, {requests}", f"fairrun's model, {requests}", "fewer"]
    return _markdown(header, lines, "rrrr")


def serving_answers(rows: Rows, _: dict[str, Any]) -> str:
    """Write how many answers were compared, and the memory meanwhile."""
    last = rows[-1]
    memory = [row["memory_mb"] for row in rows]
    rates = [row["rate"] for row in rows if row["rate"] is not None]
    lines = [
        ["predictions", f"{last['answers']:,}"],
        ["requests", f"{last['requests']:,}"],
        ["predictions that differ from those for one client", f"{last['unlike']:,}"],
        ["requests per second, median", _short(statistics.median(rates)) if rates else ""],
        ["memory before, MB", f"{last['memory_before_mb']:.0f}"],
        ["memory after the first tenth, MB", f"{memory[0]:.0f}"],
        ["memory at the end, MB", f"{memory[-1]:.0f}"],
    ]
    return _markdown(["64 clients", ""], lines, "lr")


def serving_mixed(rows: Rows, _: dict[str, Any]) -> str:
    """Write what clients of all kinds got, while worker processes were killed."""
    lines = []
    for row in rows:
        if row["kind"] == "abandoned":  # nobody waited for an answer
            continue
        times = [_short(row[name]) for name in ("p50_ms", "p99_ms")]
        numbers = [f"{row[name]:,}" for name in ("answers", "wrong", "lost", "busy", "late")]
        lines.append([row["kind"], *numbers, *times])
    header = ["request", "answers", "wrong", "lost", "503, sent again", "504", "p50, ms", "p99, ms"]
    return _markdown(header, lines, "lrrrrrrr")


def serving_swap(rows: Rows, _: dict[str, Any]) -> str:
    """Write the latency of single rows while another version takes over, and before."""
    lines = []
    for name, when in (("quiet", "before"), ("swap", "while another version takes over")):
        columns = [f"{name}_{part}_ms" for part in ("p50", "p99", "longest")]
        lines.append(
            [when, *(_short(statistics.median(r[each] for r in rows)) for each in columns)]
        )
    return _markdown(
        ["single rows, one client", "p50, ms", "p99, ms", "longest, ms"], lines, "lrrr"
    )


def fuzz(rows: Rows, _: dict[str, Any]) -> str:
    """Write how many inputs each reader answered, refused, or failed at."""
    lines = [
        (
            row["reader"],
            f"{row['inputs']:,}",
            f"{row['accepted']:,}",
            f"{row['inputs'] - row['accepted'] - row['faults']:,}",
            str(row["faults"]),
        )
        for row in rows
    ]
    header = ("reader of", "inputs", "accepted", "refused in a short message", "faults")
    return _markdown(header, lines, "lrrrr")


def tutorial(rows: Rows, _: dict[str, Any]) -> str:
    """Write how long both sides take, pair after pair."""
    lines = []
    for row in rows:
        cells = [str(row["pair"])]
        for what in ("seconds", "processor"):
            theirs, ours = row[f"theirs_{what}"], row[f"ours_{what}"]
            cells += [f"{theirs:.1f} s", f"{ours:.1f} s", f"{ours / theirs:.2f}"]
        lines.append(cells)
    header = ["pair"]
    for what in ("wall time", "processor"):
        header += [f"tutorial, {what}", f"`main`, {what}", "`main` / tutorial"]
    return _markdown(header, lines, "r" * 7)


def faults(rows: Rows, _: dict[str, Any]) -> str:
    """Write how many points of each command failed, and how the command ended."""
    counts = ("writes", "calls", "processes", "faults")
    ends = ("exit_2_or_3", "stopped", "killed", "went_on", "again", "defects")
    header = ["command", "writes", "calls of MLflow", "processes", "faults", "exit code 2 or 3"]
    header += ["stopped", "killed", "went on", "repeated", "defects"]
    lines = [[row["command"], *(f"{row[name]:,}" for name in (*counts, *ends))] for row in rows]
    total = [f"{sum(row[name] for row in rows):,}" for name in (*counts, *ends)]
    return _markdown(header, [*lines, ["all", *total]], "l" + "r" * 10)


def sweep(rows: Rows, result: dict[str, Any]) -> str:
    """Write how fast a sweep is."""
    n = result["trials"]
    lines = [
        [
            row["C"],
            str(row["workers"]),
            f"{row['before']:.1f}",
            f"{row['wall']:.1f}",
            f"{n / row['wall']:.2f}",
            f"{row['processor'] / n:.3f}",
            f"{1000 * row['tracking'] / n:.0f}",
            f"{100 * row['tracking_processor'] / row['processor']:.0f} %",
        ]
        for row in rows
    ]
    header = ["C", "workers", "s before the first trial", "wall s", "trials per s"]
    header += ["processor s per trial", "tracking ms per trial"]
    header += ["tracking's share of the processor time"]
    return _markdown(header, lines)


def sweep_frontier(rows: Rows, _: dict[str, Any]) -> str:
    """Write the most accurate of each method within a limit."""
    lines = [
        [f"{row['within']:.2f}", row["method"]]
        + [
            f"{row[f'{split}_accuracy']:.4f} ({row[f'{split}_distance']:.3f})"
            for split in ("validation", "test")
        ]
        for row in rows
    ]
    return _markdown(["within", "method", "validation", "test"], lines)


def explanations(rows: Rows, _: dict[str, Any]) -> str:
    """Write what explanations and hints cost."""
    lines = [
        [
            row["model"],
            "sampled" if row["sampled"] else "exactly",
            f"{row['predicted_ms']:.1f}",
            f"{row['explained_ms']:.1f}",
            f"{row['explained_ms'] / row['predicted_ms']:.1f}",
            f"{row['hinted_ms']:.0f}",
        ]
        for row in rows
    ]
    header = ["model", "explained", "predicted", "with reasons", "ratio", "with hints"]
    return _markdown(header, lines, "llrrrr")


def mitigators(rows: Rows, result: dict[str, Any]) -> str:
    """Write every mitigator on Adult."""
    return mitigators_benchmark.table_of(rows, result["n_rows"])


def _frontier_of(protected: str, estimator: str) -> Table:
    def write(rows: Rows, _: dict[str, Any]) -> str:
        mine = [r for r in rows if (r["protected"], r["estimator"]) == (protected, estimator)]
        return _frontier_tables.details(mine)

    return Table("frontier_methods", write, command=False)


def subgroups(rows: Rows, _: dict[str, Any]) -> str:
    """Write false discoveries, missed intervals and power of each case of the search."""
    lines = [
        [
            row["case"],
            f"{row['rows']:,}",
            str(row["depth"]),
            f"{100 * row['lower']:.0f} points" if row["lower"] else "–",
            f"{row['tested']:.1f}",
            *(f"{row[name]:.1f}" for name in ("any", "false")),
            *("–" if row[name] is None else f"{row[name]:.1f}" for name in ("missed", "found")),
        ]
        for row in rows
    ]
    heads = ["rows", "n", "conditions", "lower by", "tests a run", "runs with a confirmed one"]
    heads += ["false", "intervals that miss", "planted one confirmed"]
    return _markdown(heads, lines, "lrrrrrrrr")


def subgroups_time(rows: Rows, _: dict[str, Any]) -> str:
    """Write how many differences each search compares, and how long it takes."""
    lines = [
        [
            str(row["depth"]),
            "weighted" if row["weighted"] else "",
            f"{row['compared']:,}",
            _short(row["seconds"]),
        ]
        for row in rows
    ]
    return _markdown(["conditions", "", "differences", "seconds"], lines, "rlrr")


TABLES = {
    "coverage": Table("coverage", coverage),
    "coverage_small": Table("coverage_small", coverage_small),
    "coverage_edges": Table("coverage_edges", coverage_edges),
    "coverage_clusters": Table("coverage_clusters", coverage_clusters),
    "coverage_models": Table("coverage_models", coverage_models),
    "coverage_scores": Table("coverage_scores", coverage_scores),
    "coverage_weighted": Table("coverage_weighted", coverage_weighted),
    "coverage_conditional": Table("coverage_conditional", coverage_conditional),
    "coverage_over_threshold": Table("coverage_over_threshold", coverage_over_threshold),
    "subgroups": Table("subgroups", subgroups),
    "subgroups_time": Table("subgroups_time", subgroups_time),
    "calibration_by_chance": Table("coverage_scores", calibration_by_chance, command=False),
    "intervals": Table("intervals", intervals),
    "constraint_probability": Table("constraint_probability", constraint_probability),
    "rows_needed": Table("rows_needed", rows_needed),
    "alternatives": Table("alternatives", alternatives),
    "gate_errors": Table("gate_errors", gate_errors),
    "gate_errors_whole": Table("gate_errors_whole", gate_errors_whole),
    "gate_errors_unequal": Table("gate_errors_unequal", gate_errors_unequal),
    "promotion_errors": Table("promotion_errors", promotion_errors),
    "thresholds_hold": Table("thresholds_hold", thresholds_hold),
    "thresholds_hold_refits": Table("thresholds_hold_refits", thresholds_hold_refits),
    "thresholds_hold_fits": Table("thresholds_hold_fits", thresholds_hold_fits),
    "serving": Table("serving", serving),
    "serving_large": Table("serving", serving_large, command=False),
    "serving_stock": Table("serving_stock", serving_stock),
    "serving_answers": Table("serving_answers", serving_answers),
    "serving_mixed": Table("serving_mixed", serving_mixed),
    "serving_swap": Table("serving_swap", serving_swap),
    "fuzz": Table("fuzz", fuzz),
    "tutorial": Table("tutorial", tutorial),
    "faults": Table("faults", faults),
    "sweep": Table("sweep", sweep),
    "sweep_frontier": Table("sweep_frontier", sweep_frontier, command=False),
    "sweep_frontier_estimators": Table("sweep_frontier_estimators", sweep_frontier, command=False),
    "explanations": Table("explanations", explanations),
    "mitigators_on_adult": Table("mitigators_on_adult", mitigators),
    "frontier": Table("frontier", lambda rows, _: _frontier_tables.summary(rows)),
} | {
    f"frontier_{protected}_{estimator}": _frontier_of(protected, estimator)
    for protected in ("sex", "race")
    for estimator in ("hist_gradient_boosting", "logistic_regression")
}


# ---- figures in a sentence


def _rows(name: str) -> Rows:
    rows: Rows = _result(name)["rows"]
    return rows


def _span(values: Iterable[float], digits: int = 1) -> str:
    listed = list(values)
    return f"{min(listed):.{digits}f}–{max(listed):.{digits}f}"


def _gate(place: str, verdict: str, groups: int | None = None) -> list[float]:
    """List how often a verdict comes; with five groups, of terms that compare groups alone."""
    return [
        row[verdict]
        for row in _rows("gate_errors")
        if row["true_value"] == place
        and groups in (None, row["groups"])
        and not (groups == 5 and row["term"] == "accuracy")
    ]


def _whole_gate(columns: int, family: str) -> str:
    """Say how often a gate of six terms on the edge fails wrongly, in whole percent."""
    (row,) = [
        row
        for row in _rows("gate_errors_whole")
        if (row["columns"], row["family"]) == (columns, family)
        and row["setting"] == "all on the edge"
    ]
    return f"{row['fail']:.0f}"


def _refits(column: str) -> list[float]:
    """List a column of fits in a known population, in per cent."""
    rows = _rows("thresholds_hold_refits")
    return [100 * row[column] for row in rows if row[column] is not None]


def _simulations(name: str) -> str:
    return f"{_result(name)['simulations']:,}"


def _tutorial_ratio() -> float:
    return statistics.median(
        row["ours_seconds"] / row["theirs_seconds"] for row in _rows("tutorial")
    )


def _explanations_linear() -> float:
    return max(
        row["explained_ms"] / row["predicted_ms"]
        for row in _rows("explanations")
        if not row["sampled"] and not row["model"].startswith("boosted")
    )


def _explanations_sampled() -> list[float]:
    n = _result("explanations")["n_rows"]
    return [row["explained_ms"] / n for row in _rows("explanations") if row["sampled"]]


def _coverage_outside() -> str:
    """List the numbers of the table of coverage that lie outside 93–97."""
    found = []
    rows = [row for row in _rows("coverage") if row["kind"] != "worst"]
    for groups, n, case, kind in _distinct(rows, "groups", "rows", "case", "kind"):
        each = [
            round(row["percent"], 1)
            for row in rows
            if (row["groups"], row["rows"], row["case"], row["kind"]) == (groups, n, case, kind)
        ]
        found += [
            f"{value:.1f} ({groups} groups, {n:,} rows, {case}, {kind})"
            for value in (min(each), max(each))
            if not 93 <= value <= 97
        ]
    return "; ".join(found) or "none"


def _edges(column: str, *, jeffreys: bool = False) -> list[float]:
    """List the numbers of a column of the coverage near 0 and 1, without or with Jeffreys'."""
    return [
        row[column]
        for row in _rows("coverage_edges")
        if row.get(column) is not None and ("Jeffreys" in row["metric"]) is jeffreys
    ]


def _coverage_clusters(*kinds: str) -> list[float]:
    return [row[kind] for row in _rows("coverage_clusters") for kind in kinds]


def _coverage_worst() -> list[float]:
    return [
        row["percent"]
        for row in _rows("coverage")
        if row["kind"] == "worst" and row["case"] == "disparity" and row["groups"] > 2
    ]


def _sweep_seconds(workers: int) -> tuple[float, float]:
    """Give the seconds from the first trial to the last, and from before the data are read."""
    (row, *_) = (r for r in _rows("sweep") if r["C"] == "nine values" and r["workers"] == workers)
    return row["wall"], row["before"] + row["wall"]


def _sweep_speedup(which: int) -> str:
    return f"{_sweep_seconds(1)[which] / _sweep_seconds(2)[which]:.2f}"


def _client_rate() -> float:
    """Compute what the client itself can do, in thousands of requests a second."""
    return round(_median(_rows("serving"), "trivial", "rate 8"), -3)


def _mixed_gone() -> float:
    """Give the number of requests whose client had closed its connection."""
    metrics = read_result("serving_mixed")["metrics"]
    return float(metrics['fairrun_dropped_requests_total{reason="client_gone"}'])


def _swap_memory() -> float:
    """Give the megabytes that the app used more after all changes of its model than before."""
    result = read_result("serving_swap")
    return float(result["memory_mb"] - result["memory_before_mb"])


def _lines_that_change() -> list[float]:
    """List the shares of labels that holisticai's methods change when rows are asked alone."""
    theirs = [r for r in _rows("mitigators_on_adult") if r["side"] == "theirs"]
    return [100 * row["changed"] for row in theirs if row.get("changed")]


FIGURES: dict[str, Callable[[], str]] = {
    "agreement_apart": lambda: f"{max(r['apart'] for r in _rows('intervals_agreement')):.2f}",
    "agreement_of_rows": lambda: (
        f"{max(r['apart_of_two_row_bootstraps'] for r in _rows('intervals_agreement')):.2f}"
    ),
    "explanations_linear": lambda: f"{_explanations_linear():.1f}",
    "explanations_sampled": lambda: _span(_explanations_sampled()),
    "coverage_outside": _coverage_outside,
    "coverage_worst": lambda: _span(_coverage_worst()),
    "edges_lowest": lambda: f"{min(_edges('lowest')):.1f}",
    "edges_mean": lambda: f"{min(_edges('lowest_mean')):.1f}",
    "edges_wrong_pass": lambda: f"{max(_edges('wrong_pass')):.1f}",
    "edges_wrong_fail": lambda: f"{max(_edges('wrong_fail')):.1f}",
    "edges_jeffreys_lowest": lambda: f"{min(_edges('lowest', jeffreys=True)):.1f}",
    "edges_jeffreys_pass": lambda: f"{max(_edges('wrong_pass', jeffreys=True)):.1f}",
    "coverage_clusters_range": lambda: _span(_coverage_clusters("rates", "pairs")),
    "coverage_clusters_together": lambda: f"{min(_coverage_clusters('all pairs at once')):.1f}",
    "coverage_clusters_rows": lambda: (
        f"{min(_coverage_clusters('rates, as rows', 'pairs, as rows')):.1f}"
    ),
    "coverage_high_area": lambda: f"{_rows('coverage_scores')[0]['0.95']:.1f}",
    "sweep_speedup": lambda: _sweep_speedup(0),
    "sweep_whole_speedup": lambda: _sweep_speedup(1),
    "sweep_seconds_of_one": lambda: f"{_sweep_seconds(1)[1]:.1f}",
    "sweep_seconds_of_two": lambda: f"{_sweep_seconds(2)[1]:.1f}",
    "gate_edge_pass_two": lambda: _span(_gate("on the edge", "pass", 2)),
    "gate_edge_fail_two": lambda: _span(_gate("on the edge", "fail", 2)),
    "gate_edge_pass_five": lambda: f"{max(_gate('on the edge', 'pass', 5)):.1f}",
    "gate_edge_fail_five": lambda: _span(_gate("on the edge", "fail", 5)),
    "gate_simulations": lambda: _simulations("gate_errors"),
    "refits_if_shown": lambda: _span(_refits("holds_if_shown")),
    "refits_shown_wrongly": lambda: f"{max(_refits('shown_wrongly')):.1f}",
    "refits_kept_wrongly": lambda: f"{max(_refits('kept_wrongly')):.1f}",
    "gate_standard_error": lambda: (
        f"{(2.5 * 97.5 / _result('gate_errors')['simulations']) ** 0.5:.1f}"
    ),
    "gate_edge_exact": lambda: _span(
        row["exact_pass"] for row in _rows("gate_errors") if "exact_pass" in row
    ),
    "gate_whole_simulations": lambda: _simulations("gate_errors_whole"),
    "gate_unequal_simulations": lambda: _simulations("gate_errors_unequal"),
    "gate_whole_one_column": lambda: _whole_gate(1, "none"),
    "gate_whole_three_columns": lambda: _whole_gate(3, "none"),
    "gate_whole_holm": lambda: _span(
        [
            r["fail"]
            for r in _rows("gate_errors_whole")
            if r["family"] == "holm" and r["setting"] == "all on the edge"
        ]
    ),
    "gate_whole_pass": lambda: f"{max(r['pass'] for r in _rows('gate_errors_whole')):.1f}",
    "gate_off_the_edge": lambda: f"{max(_gate('inside', 'fail') + _gate('outside', 'pass')):.1f}",
    "serving_client": lambda: f"{_client_rate():,.0f}",
    "mixed_killed": lambda: str(read_result("serving_mixed")["killed"]),
    "swap_rounds": lambda: str(len(_rows("serving_swap"))),
    "swap_answers": lambda: f"{read_result('serving_swap')['answers']:,}",
    "swap_wrong": lambda: str(read_result("serving_swap")["wrong"]),
    "swap_seconds": lambda: f"{statistics.median(r['seconds'] for r in _rows('serving_swap')):.1f}",
    "swap_memory": lambda: f"{_swap_memory():.0f}",
    "mixed_gone": lambda: f"{_mixed_gone():,.0f}",
    "mixed_late": lambda: f"{read_result('serving_mixed')['timers_late_p99_ms']:.0f}",
    "tutorial_ratio": lambda: f"{_tutorial_ratio():.2f}",
    "tutorial_seconds": lambda: (
        f"{statistics.median(r['ours_seconds'] for r in _rows('tutorial')):.0f}"
    ),
    "tutorial_pairs": lambda: str(len(_rows("tutorial"))),
    "mitigators_that_change": lambda: str(len(_lines_that_change())),
    "mitigators_change": lambda: _span(_lines_that_change()),
}


# ---- running it


def main() -> int:
    """Write the pages, or say what is amiss."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, say what is amiss")
    check = parser.parse_args().check
    differ = 0
    for page in pages():
        text = page.read_text(encoding="utf-8")
        made = filled(text)
        if made == text:
            continue
        differ += 1
        print(f"{page.relative_to(ROOT)} {'differs' if check else 'is written'}")
        if not check:
            page.write_text(made, encoding="utf-8")
    for path in sorted(RESULTS.glob("*.json")):
        result = read_result(path.stem)
        if result["transcribed"]:
            print(f"{path.stem}: not measured by this code ({result['transcribed']})")
        elif changed := stale(result):
            print(f"{path.stem}: older than {', '.join(changed)}; run {result['command']} --save")
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
