"""The worker process that answers large bodies: `python -m fairrun.serving.worker <folder>`.

The process reads the texts of adverse-decision notices as JSON from standard input, and then query
strings, content types and bodies. It writes replies to standard output. A length precedes each of
them. The process stops when its input ends, which also happens when the server that started it
ends.
"""

from __future__ import annotations

import gc
import os
import signal
import struct
import sys
from pathlib import Path
from typing import BinaryIO

import orjson

from fairrun.models.saved import load_saved
from fairrun.serving.answering import Reply, answer
from fairrun.serving.reason_texts import Document, texts_for

__all__ = ["LENGTH", "WITHDRAWN", "Wanted", "read_reply_head", "reply_head"]

#: The signal that nobody waits for the current answer any more; None on Windows, which has none.
WITHDRAWN = getattr(signal, "SIGUSR1", None)

#: The format of a length. It precedes the texts, a query, a content type, a body, and the head of a
#: reply. The head holds the length of the reply's body.
LENGTH = struct.Struct("<Q")


def reply_head(reply: Reply) -> bytes:
    """Return everything of a reply except its body, with the length in front."""
    head = orjson.dumps([reply.status, reply.rows, reply.unseen, reply.code, len(reply.body)])
    return LENGTH.pack(len(head)) + head


def read_reply_head(head: bytes) -> tuple[Reply, int]:
    """Read the output of `reply_head` without its length.

    Returns
    -------
    reply : Reply
        The reply without its body.
    length : int
        The length of the body in bytes.
    """
    status, rows, unseen, code, length = orjson.loads(head)
    return Reply(status, b"", rows, unseen, code), length


class Wanted:
    """Whether the server still wants the answer to the current request.

    The server sends a signal if the client has gone.
    """

    def __init__(self) -> None:
        self._wanted = True

    def __call__(self) -> bool:
        """Return whether the answer is wanted."""
        return self._wanted

    def withdraw(self, *_: object) -> None:
        """Handle the signal."""
        self._wanted = False

    def renew(self) -> None:
        """Start with the next request."""
        self._wanted = True


def main(
    folder: Path,
    requests: BinaryIO,
    replies: BinaryIO,
    wanted: Wanted | None = None,
    document: Document | None = None,
) -> None:
    """Answer requests until the input ends; an empty first reply says that the model is loaded."""
    saved = load_saved(folder)
    texts = texts_for(saved, document)
    wanted = wanted or Wanted()
    reply = Reply(200, b"")
    while True:
        replies.write(reply_head(reply))
        replies.write(reply.body)
        replies.flush()
        gc.collect()  # The reply is sent, so no client waits for this.
        head = requests.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        # The server sends a request after it has read the reply to the last one. So a signal that
        # came before this line was not about this request.
        wanted.renew()
        query = requests.read(*LENGTH.unpack(head))
        kind, body = (
            requests.read(*LENGTH.unpack(requests.read(LENGTH.size))) for _ in ("kind", "body")
        )
        reply = answer(saved, body, query, kind, wanted, texts)


if __name__ == "__main__":
    # A large body makes a hundred thousand lists, and the collector would scan them repeatedly.
    gc.disable()
    # What is imported stays, so the collector need not scan it after every reply. That took 30 ms,
    # and to explain a row takes 1 ms.
    gc.freeze()
    until_gone = Wanted()
    if WITHDRAWN is not None:
        signal.signal(WITHDRAWN, until_gone.withdraw)
    # Standard output is for replies only, so everything that is printed goes to standard error.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    given = sys.stdin.buffer
    of_notices = orjson.loads(given.read(*LENGTH.unpack(given.read(LENGTH.size))))
    main(Path(sys.argv[1]), given, out, until_gone, of_notices)
