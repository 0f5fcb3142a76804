"""A process that answers large bodies: `python -m fairrun.serving.worker <folder>`.

It reads queries and bodies from standard input and writes replies to standard output, each after
its length, until the input ends, as it does when the server that started it is gone.
"""

from __future__ import annotations

import gc
import os
import struct
import sys
from pathlib import Path
from typing import BinaryIO

import orjson

from fairrun.models.saved import load_saved
from fairrun.serving.answering import Reply, answer

__all__ = ["LENGTH", "read_reply_head", "reply_head"]

#: Before a query or a body: its length. Before a reply: the length of its head, which has that of
#: its body.
LENGTH = struct.Struct("<Q")


def reply_head(reply: Reply) -> bytes:
    """Write all of a reply but its body."""
    head = orjson.dumps([reply.status, reply.rows, reply.unseen, reply.code, len(reply.body)])
    return LENGTH.pack(len(head)) + head


def read_reply_head(head: bytes) -> tuple[Reply, int]:
    """Read what `reply_head` wrote after the length: a reply without its body, and its length."""
    status, rows, unseen, code, length = orjson.loads(head)
    return Reply(status, b"", rows, unseen, code), length


def main(folder: Path, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until the input ends; a first reply, without rows, says that the model is loaded."""
    saved = load_saved(folder)
    reply = Reply(200, b"")
    while True:
        replies.write(reply_head(reply))
        replies.write(reply.body)
        replies.flush()
        gc.collect()  # now that nobody waits
        head = requests.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        query = requests.read(*LENGTH.unpack(head))
        body = requests.read(*LENGTH.unpack(requests.read(LENGTH.size)))
        reply = answer(saved, body, query)


if __name__ == "__main__":
    # A hundred thousand new lists would be looked through again and again while they are made.
    gc.disable()
    # Whatever else is printed must not get between the replies.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    main(Path(sys.argv[1]), sys.stdin.buffer, out)
