"""The chain of entries: whole as it is written, and broken by every change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairrun.tracking.entries import DONE, PROMOTION, Entry, History, read_entry
from fairrun.tracking.moves import Move, facts_of, move_of

FACTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)
CHAINS = st.lists(FACTS, min_size=2, max_size=8)


def chain(all_facts: list[dict[str, Any]]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for facts in all_facts:
        facts.pop("closes", None)
        previous = (entries[-1].digest,) if entries else ()
        kind = DONE if len(entries) % 2 else PROMOTION
        entry = Entry(len(entries) + 1, kind, facts, "now", "ann", "run", previous, "")
        entries.append(entry.sealed())
    return tuple(entries)


@given(CHAINS)
def test_a_chain_as_it_was_written_is_whole_and_read_as_it_was(facts: list[dict[str, Any]]) -> None:
    entries = chain(facts)
    assert History("m", entries).problems == []
    assert tuple(read_entry(each.text, "") for each in entries) == entries


@given(CHAINS, st.data())
def test_a_changed_entry_is_found(facts: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = list(chain(facts))
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["kind", "when", "who", "run_id", "facts"]))
    value = {"other": True} if field == "facts" else "other"
    changed = replace(entries[at], **{field: value})
    entries[at] = changed
    assert any(f"entry {at + 1} was changed" in each for each in History("m", (*entries,)).problems)
    # Who makes the digest again breaks the link to the next entry.
    entries[at] = changed.sealed()
    problems = History("m", tuple(entries)).problems
    if at < len(entries) - 1:
        assert any(f"entry {at + 2} follows an entry that is not there" in e for e in problems)
        assert not any("fork" in each for each in problems)


@given(CHAINS, st.data())
def test_a_removed_entry_is_found(facts: list[dict[str, Any]], data: st.DataObject) -> None:
    """Unless it is the last one: the files and the tags of the versions show that."""
    entries = list(chain(facts))
    del entries[data.draw(st.integers(0, len(entries) - 2))]
    assert History("m", tuple(entries)).problems


@given(st.text(max_size=200) | st.from_regex(r'\{"number": ?\d+.*\}'))
def test_what_is_no_entry_is_read_as_none(text: str) -> None:
    assert read_entry(text, "") is None


def test_an_entry_whose_link_is_no_list_is_none() -> None:
    (entry, *_) = chain([{}, {}])
    content = json.loads(entry.text)
    assert read_entry(json.dumps(content | {"facts": {"closes": 7}}), "") is None


@given(
    st.builds(
        Move,
        kind=st.just(PROMOTION),
        name=st.just("m"),
        version=st.none() | st.just("7"),
        reasons=st.lists(st.text(max_size=20), max_size=3).map(tuple),
        tags=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
        evidence=FACTS,
        champion=st.booleans(),
        champion_before=st.none() | st.just("6"),
        description=st.text(max_size=100),
    )
)
def test_a_decision_is_read_from_its_entry_as_it_was(move: Move) -> None:
    entry = Entry(1, PROMOTION, facts_of(move, "no run is needed"), "", "", "", (), "").sealed()
    assert move_of(entry, "m") == move
