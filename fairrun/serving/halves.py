"""Cutting a large body in two, so that two processes share the work, and joining their replies.

The answer to a row does not depend on other rows, so two halves have the same answers as the whole
body. The body is cut between two rows without parsing it. A cut inside a text or a value makes the
first half invalid JSON. If a half is refused for this or another reason, one process answers the
whole body, because its error message must count rows from the first row of the body.
"""

from __future__ import annotations

import re
from collections import Counter

import orjson

from fairrun.serving.answering import Reply

__all__ = ["halve", "join"]

_RECORDS = re.compile(rb"\}\s*,\s*\{")
_LISTS = re.compile(rb"\]\s*,\s*\[")
_END = re.compile(rb"\]\s*\]")
_DATA = re.compile(rb'"data"\s*:\s*\[(?=\s*\[)')


def halve(body: bytes) -> tuple[bytes, bytes] | None:
    """Cut a body in two.

    Parameters
    ----------
    body : bytes
        The body of a request.

    Returns
    -------
    tuple of bytes, or None
        The two halves. None unless the body has at least two rows, as a list of records or in the
        form that `DataFrame.to_json(orient="split")` writes.

    Examples
    --------
    >>> halve(b'[{"age":38},{"age":40}]')
    (b'[{"age":38}]', b'[{"age":40}]')
    >>> halve(b'{"columns":["age"],"index":[0,1],"data":[[38],[40]]}')
    (b'{"columns":["age"],"index":[0,1],"data":[[38]]}', b'{"columns":["age"],"data":[[40]]}')
    """
    if body.startswith(b"[{") and body.endswith(b"}]"):
        cut = _cut(_RECORDS, body, 0)
        if cut is None:
            return None
        return body[: cut.start() + 1] + b"]", b"[" + body[cut.end() - 1 :]
    data, end = _DATA.search(body), _END.search(body)
    # If anything follows the rows, the cut could fall into it.
    if data is None or end is None or body[end.start() :] != b"]]}":
        return None
    cut = _cut(_LISTS, body, data.end())
    try:
        head = orjson.loads(body[: data.end()] + b"]}")
    except orjson.JSONDecodeError:
        return None
    if cut is None or not {"columns", "data"} <= head.keys() <= {"columns", "index", "data"}:
        return None
    start = b'{"columns":' + orjson.dumps(head["columns"]) + b',"data":['
    return body[: cut.start() + 1] + b"]}", start + body[cut.end() - 1 :]


def _cut(between: re.Pattern[bytes], body: bytes, start: int) -> re.Match[bytes] | None:
    """Return a place between two rows, after the middle if there is one; None if there is none."""
    return between.search(body, (start + len(body)) // 2) or between.search(body, start)


def join(first: Reply, second: Reply) -> Reply | None:
    """Return one reply from the replies to two halves.

    Parameters
    ----------
    first, second : Reply
        The replies to the halves. They have no explanations and no counterfactuals.

    Returns
    -------
    Reply or None
        The reply to the whole body; None if a half was refused.
    """
    if first.status != 200 or second.status != 200:
        return None
    lists = zip(first.body[1:-2].split(b"],"), second.body[1:-2].split(b"],"), strict=True)
    # Each part is `"name":[` followed by numbers, so text is joined faster than parsed lists.
    body = b"],".join(a + b"," + b.partition(b"[")[2] for a, b in lists)
    unseen = Counter(first.unseen) + Counter(second.unseen)
    return Reply(200, b"{" + body + b"]}", first.rows + second.rows, dict(unseen))
