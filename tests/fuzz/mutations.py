"""Inputs that nobody writes on purpose: seeds that are cut, repeated, joined and sprinkled."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Sequence
from typing import Any

import yaml

__all__ = ["mutated", "mutated_document"]

#: What programs stumble over, whatever the format is.
_ANYWHERE: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"\t",
    b" ",
    b'"',
    b"'",
    b"\\",
    b"-0",
    b"1e309",
    b"-1e-400",
    b"9" * 30,
    b"0x1f",
    b"nan",
    b"inf",
    b"null",
    b"None",
    b"true",
    "é".encode(),
    "\u2028".encode(),
    "\u0661".encode(),  # a digit to Python's str.isdigit, and no digit to most readers
    "\U0001f600".encode(),
    b"\xed\xa0\x80",  # half of a surrogate pair
)


def mutated(rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Return a seed after one to six random changes.

    Parameters
    ----------
    rng : random.Random
        The source of all choices.
    seeds : sequence of bytes
        The inputs to start from.
    tokens : sequence of bytes
        Words of the format, put in besides those that any reader may stumble over.
    """
    text = rng.choice(seeds)
    for _ in range(_number_of_changes(rng)):
        start = rng.randint(0, len(text))
        end = min(len(text), start + rng.choice((0, 1, 1, 2, 5, 20, 100)))
        piece = text[start:end]
        match rng.randrange(7):
            case 0:
                new = b""
            case 1:
                new = piece * rng.choice((2, 3, 50))
            case 2:
                other = rng.choice(seeds)
                place = rng.randint(0, len(other))
                new = other[place : place + rng.choice((1, 5, 20, 100))]
            case 3:
                new = bytes([rng.randrange(256)])
            case 4:
                new = piece[::-1]
            case 5:
                new = rng.choice(_ANYWHERE)
            case _:
                new = rng.choice(tokens)
        text = text[:start] + new + text[end:]
    return text


#: Values of every type of JSON, and some that its writers do not think of.
_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**53 + 1,
        10**400,
        0.1,
        -0.0,
        1e308,
        float("nan"),
        float("inf"),
    ),
    *(
        "",
        " ",
        "0",
        "1.5",
        "nan",
        "\x00",
        "é",
        "\ud800",
        "x" * 3000,
        [],
        [[]],
        [None],
        {},
        {"": {}},
    ),
)


def mutated_document(rng: random.Random, seeds: Sequence[bytes], words: Sequence[str]) -> bytes:
    """Return a document of JSON after one to six random changes of its tree.

    Parameters
    ----------
    rng : random.Random
        The source of all choices.
    seeds : sequence of bytes
        Documents of JSON or YAML. Those that cannot be read are left out.
    words : sequence of str
        Names and values of the format.

    Returns
    -------
    bytes
        JSON, which YAML can read, too.
    """
    document = _read(rng.choice(seeds))
    for _ in range(_number_of_changes(rng)):
        document = _changed(rng, document, (*_VALUES, *words))
    return json.dumps(document).encode()


def _number_of_changes(rng: random.Random) -> int:
    # One change reaches further than six, which are mostly refused for the first of them.
    return rng.choice((1, 1, 1, 2, 3, 6))


@functools.cache
def _read(seed: bytes) -> Any:
    try:
        document = yaml.safe_load(seed)
        json.dumps(document)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return {}
    return document


def _changed(rng: random.Random, node: Any, values: Sequence[Any]) -> Any:
    if not isinstance(node, dict | list) or not node or rng.random() < 0.1:
        return rng.choice([*values, [node], [node] * 3, str(node), {"a": node}])
    if isinstance(node, dict):
        items = list(node.items())
        place = rng.randrange(len(items))
        name, value = items[place]
        match rng.randrange(5):
            case 0:
                del items[place]
            case 1:
                items[place] = (rng.choice([str(each) for each in values]), value)
            case 2:
                rng.shuffle(items)
            case _:
                items[place] = (name, _changed(rng, value, values))
        return dict(items)
    cells = list(node)
    place = rng.randrange(len(cells))
    match rng.randrange(5):
        case 0:
            del cells[place]
        case 1:
            cells.insert(place, rng.choice([*cells, *values]))
        case _:
            cells[place] = _changed(rng, cells[place], values)
    return cells
