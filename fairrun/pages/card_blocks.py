"""The content of a model card, before it becomes Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass

from fairrun.pages.cells import Table

__all__ = ["Answer", "Block", "Card", "CardSection", "Command", "Items", "Pairs", "Picture", "Text"]


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes
    ----------
    text : str
        Plain text, which may contain names from the data.
    is_warning : bool
        Whether the paragraph is marked as a warning.
    """

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Answer:
    """What a person said about the model, or a visible place for it.

    Attributes
    ----------
    title : str
        A few words in front of the answer.
    key : str
        The key of the answer in the file of the parameter `card`.
    question : str
        What the answer says, which stands in its place if nobody gave it.
    text : str
        The answer; empty if nobody gave it.
    """

    title: str
    key: str
    question: str
    text: str = ""

    @property
    def paragraphs(self) -> list[str]:
        """Return the paragraphs of the answer, which empty lines separate."""
        parts = "\n".join(line.strip() for line in self.text.splitlines()).split("\n\n")
        return [" ".join(part.split()) for part in parts if part.strip()]


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """Names with their values: digests, versions and parameters."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Command:
    """Lines to type, with what they do."""

    what: str
    lines: str
    language: str = "bash"


@dataclass(frozen=True)
class Picture:
    """A plot by its name, with a caption."""

    name: str
    caption: str


Block = Text | Answer | Items | Pairs | Command | Picture | Table


@dataclass(frozen=True)
class CardSection:
    """A section of a card.

    Attributes
    ----------
    title : str
        The heading.
    anchor : str
        The name of the section in links, one word in lower case.
    blocks : tuple of Block
        What the section shows, in order.
    """

    title: str
    anchor: str
    blocks: tuple[Block, ...]

    @property
    def tables(self) -> list[Table]:
        """Return the tables of the section."""
        return [each for each in self.blocks if isinstance(each, Table)]


@dataclass(frozen=True)
class Card:
    """A model card.

    Attributes
    ----------
    title : str
        The heading of the card.
    about : str
        When, by whom and on which rows the model was measured.
    summary : tuple of str
        What was found, in a few sentences.
    verdict : str
        The verdict of the gate: pass, fail, insufficient_evidence or none.
    headline, tally : str
        The verdict in words, and how many checks had which result.
    missing : tuple of Answer
        The answers that nobody gave.
    command : str
        The command that makes the card again with a file of answers.
    sections : tuple of CardSection
        The sections.
    words : dict of str to (str, str)
        Titles and definitions of the words that the tables use, by key.
    """

    title: str
    about: str
    summary: tuple[str, ...]
    verdict: str
    headline: str
    tally: str
    missing: tuple[Answer, ...]
    command: str
    sections: tuple[CardSection, ...]
    words: dict[str, tuple[str, str]]

    @property
    def notice(self) -> str:
        """Return what says that answers are missing; empty if none is."""
        n = len(self.missing)
        if not n:
            return ""
        are = "1 answer is missing" if n == 1 else f"{n} answers are missing"
        return (
            f"This card is not complete: {are}, which only people can give. Each place is marked "
            "below. Write the answers into a YAML file (docs/card.yaml of fairrun has every key), "
            "and evaluate again:"
        )
