"""The section of a model card about the data: groups, and rows of each label and group."""

from __future__ import annotations

import pandas as pd

from fairrun.metrics import hidden_parts
from fairrun.pages.card_blocks import Block, CardSection, Items, Text
from fairrun.pages.card_model import answer
from fairrun.pages.cells import Cell, Table, count, percent
from fairrun.pages.facts import ModelFacts
from fairrun.text import n_of, shortened

__all__ = ["data"]

#: The most findings that the card repeats.
_MOST_FINDINGS = 5


def data(facts: ModelFacts) -> CardSection:
    """Return the section about the groups, and the rows of each label and group."""
    blocks: list[Block] = [
        answer(facts, "data_collection", "Collection"),
        answer(facts, "labelling", "Labels"),
        answer(facts, "groups", "Why these groups"),
        Items(tuple(_groups(facts))),
    ]
    counts, findings = facts.label_counts, facts.findings
    if counts is None:
        blocks.append(
            Text("The run of training has no numbers of rows by label and group to show here.")
        )
    else:
        if "protected" not in counts:  # a run of an earlier version
            counts = counts.assign(protected=facts.trained_for)
        for name, of_column in counts.groupby("protected", sort=False):
            blocks.append(_label_counts(facts, str(name), of_column))
    if findings is not None and len(findings):
        blocks.append(
            Text(
                f"The check of the training rows has {n_of(len(findings), 'finding')}. "
                "findings.json of the run of training says what to do. The first ones:"
            )
        )
        blocks.append(
            Items(tuple(f"{each}." for each in findings["sentence"].head(_MOST_FINDINGS)))
        )
    return CardSection("Data and groups", "data", tuple(blocks))


def _groups(facts: ModelFacts) -> list[str]:
    """Return how the groups of each protected column are defined."""
    said = []
    for column in facts.evaluation.counts.columns:
        a, b = column.group_names
        others = [
            label
            for value, label in zip(column.values, column.labels, strict=False)
            if value not in column.group_a and value not in column.group_b
        ]
        parts = [
            _made_of(name, [str(label) for label in _labels(column.values, column.labels, group)])
            for name, group in ((a, column.group_a), (b, column.group_b))
        ]
        outside = "Rows without a known value are in neither group."
        if others:
            outside = (
                f"{n_of(len(others), 'other value is', 'other values are')} in neither group, and "
                "so are rows without a known value."
            )
        said.append(
            f"{column.name}: the privileged group {parts[0]} is compared with {parts[1]}. {outside}"
        )
    return said


def _labels(
    values: tuple[object, ...], labels: tuple[object, ...], group: tuple[object, ...]
) -> list[object]:
    return [label for value, label in zip(values, labels, strict=False) if value in group]


def _made_of(name: str, labels: list[str]) -> str:
    """Return the name of a group, with its values if they are several."""
    if len(labels) < 2:
        return f"“{name}”"
    shown = ", ".join(labels[:8]) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")
    return f"“{name}” (the values {shown})"


def _label_counts(facts: ModelFacts, protected: str, counts: pd.DataFrame) -> Table:
    """Return the rows of each group of a column and each label among the training rows."""
    train = counts[counts["split"] == "train"]
    labels = train["label"].unique().tolist()
    groups = train["group"].unique().tolist()
    by = train.set_index(["group", "label"])
    sizes = {group: by.loc[group, "count"].sum(skipna=False) for group in groups}
    # This evaluation may show less than the run of training has shown.
    words = hidden_parts(
        [1 if pd.isna(n) else int(n) for n in sizes.values()],
        facts.evaluation.hidden.min_cell,
    )
    rows = []
    for group, word in zip(groups, words, strict=True):
        said = str(by.loc[group, "instead"].iloc[0]) or word
        if said or pd.isna(sizes[group]):
            rows.append((Cell(group), *(Cell(said or "hidden", is_number=True) for _ in range(4))))
            continue
        n = [by.loc[(group, label), "count"] for label in labels]
        total = int(sizes[group])
        share = percent(n[-1] / total) if total else Cell("", is_number=True)
        rows.append((Cell(group), count(total), *map(count, n), share))
    return Table(
        f"Training rows by label and {protected}",
        ("group", "rows", *(shortened(str(label)) for label in labels), "favourable labels"),
        tuple(rows),
    )
