"""A large body as two, so that two processes share the work, and their replies as one again.

A row's answer does not depend on the rows beside it: halves have the answers of the whole. The body
is cut between two rows without being parsed. Should that be in the middle of a text or of a value,
the first half is no JSON, and the whole is answered by one process, as it is when a half is refused
for any other reason: what is said of it then counts rows from the first.
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
        The two; None unless it is a list of records or what `DataFrame.to_json(orient="split")`
        writes, with at least two rows.

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
    # Were there more after the rows, the cut might be in that.
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
    """Find where a row ends and another begins, after the middle if there is such a place."""
    return between.search(body, (start + len(body)) // 2) or between.search(body, start)


def join(first: Reply, second: Reply) -> Reply | None:
    """Make one reply of those to two halves.

    Parameters
    ----------
    first, second : Reply
        To halves that asked for answers alone, without reasons.

    Returns
    -------
    Reply or None
        As the whole is answered; None if a half was refused.
    """
    if first.status != 200 or second.status != 200:
        return None
    lists = zip(first.body[1:-2].split(b"],"), second.body[1:-2].split(b"],"), strict=True)
    # Each is `"name":[` and numbers.
    body = b"],".join(a + b"," + b.partition(b"[")[2] for a, b in lists)
    unseen = Counter(first.unseen) + Counter(second.unseen)
    return Reply(200, b"{" + body + b"]}", first.rows + second.rows, dict(unseen))
