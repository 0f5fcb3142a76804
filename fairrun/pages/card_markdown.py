"""A model card as Markdown, in which no name from the data or from a person is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fairrun.figures import Plot
from fairrun.pages.card_blocks import (
    Answer,
    Block,
    Card,
    Command,
    Items,
    Pairs,
    Picture,
    Text,
)
from fairrun.pages.cells import Cell, Table
from fairrun.text import escaped, shortened

__all__ = ["markdown", "plain"]

#: What begins a heading, a list, a quotation or a rule at the start of a paragraph.
_START = re.compile(r"^(?:(\d+)([.)])(?=\s|$)|([#+>=-])(?=\s|$|[#+>=-])|(>))")
#: A formula or the mention of an account, which some pages draw.
_DRAWN = re.compile(r"\$|@(?=\w)")
#: The longest cell of a table, as in the report.
_LONGEST = 240
_SIGNS = {"pass": "✓ ", "fail": "✗ ", "insufficient_evidence": "? "}


def markdown(card: Card, plots: Mapping[str, Plot]) -> str:
    """Return a card as Markdown without front matter.

    Parameters
    ----------
    card : Card
        The card.
    plots : mapping of str to Plot
        The plots that are stored beside the card, by name.
    """
    parts = [f"# {plain(card.title)}", plain(card.about)]
    if card.notice:
        parts += [f"> **{plain(card.notice)}**", _fenced(card.command, "bash")]
    parts += [plain(each) for each in card.summary]
    tally = f" {plain(card.tally)}" if card.tally else ""
    parts.append(f"**{_SIGNS.get(card.verdict, '')}{plain(card.headline)}.**{tally}")
    for section in card.sections:
        parts.append(f"## {plain(section.title)}")
        for block in section.blocks:
            parts += filter(None, _lines(block, plots))
    parts.append("## Definitions")
    parts.append("\n".join(f"- {plain(name)}: {plain(text)}" for name, text in card.words.values()))
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    r"""Return a text in which Markdown has no meaning, also at the start of a paragraph.

    Examples
    --------
    >>> plain("# a"), plain("1. b"), plain("---"), plain("-0.5"), plain("p>=0.8"), plain("<b>")
    ('\\# a', '1\\. b', '\\---', '-0.5', 'p>=0.8', '&lt;b>')
    """
    # Behind the first sign of a paragraph, > has no meaning, and gates are easier to read with it.
    safe = escaped(text).replace("&gt;", ">")
    safe = _DRAWN.sub(lambda found: f"\\{found[0]}", safe)
    return _START.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3] or found[4]}", safe)


def _lines(block: Block, plots: Mapping[str, Plot]) -> Iterator[str]:
    """Yield the paragraphs of a block."""
    match block:
        case Text():
            warning = "**Warning:** " if block.is_warning else ""
            yield f"{warning}{plain(block.text)}"
        case Answer():
            yield from _answer(block)
        case Items():
            yield "\n".join(f"- {plain(text)}" for text in block.texts)
        case Pairs():
            yield "\n".join(f"- {plain(name)}: {plain(value)}" for name, value in block.rows)
        case Command():
            yield plain(block.what)
            yield _fenced(block.lines, block.language)
        case Picture():
            if block.name in plots:
                yield f"![{plain(plots[block.name].alt)}](plots/{block.name}.png)"
                yield plain(block.caption)
        case Table():
            yield from _table(block)


def _answer(block: Answer) -> Iterator[str]:
    if not block.paragraphs:
        yield f"**{block.title}:** *to be filled in ({block.key}): {plain(block.question)}*"
        return
    first, *others = block.paragraphs
    yield f"**{block.title}:** {plain(first)}"
    yield from map(plain, others)


def _table(table: Table) -> Iterator[str]:
    numbers = [is_number for _, is_number, _ in table.heads]
    lines = [_row([plain(head) for head in table.columns])]
    lines.append(_row(["---:" if is_number else ":---" for is_number in numbers]))
    lines += [_row([_cell(cell) for cell in row]) for row in table.rows]
    yield f"**{plain(table.caption)}**"
    yield "\n".join(lines)
    if table.note:
        yield plain(table.note)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    text = f"{_SIGNS.get(cell.verdict, '')}{shortened(cell.text, _LONGEST)}"
    more = f" ({shortened(cell.interval, _LONGEST)})" if cell.interval else ""
    return plain(f"{text}{more}")


def _fenced(lines: str, language: str) -> str:
    """Return lines as a block of code, which no text inside them can end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", lines)), default=0))
    return f"{fence}{language}\n{lines}\n{fence}"
