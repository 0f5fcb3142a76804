"""What reads text and bytes of strangers, with seeds that were tried, and what must hold of each.

A subject answers, or refuses with a short message that holds no value of a row.
Whatever else is raised is a fault.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hmac
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pandas as pd
from starlette.types import Message

from fairrun import inference
from fairrun.data import DataRequest, DatasetSpec, ReadOptions, prepare, resolve_spec
from fairrun.data.csv_files import read_csv
from fairrun.data.where import parse_where, rows_where
from fairrun.errors import RequestError
from fairrun.gate import parse_gate, read_gate
from fairrun.groups import format_group, parse_group
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import answer
from fairrun.serving.limits import CSV, JSON, Limits
from fairrun.serving.webhook import Webhook
from fairrun.sweep.space_text import DEFAULT_SPACE, parse_space, read_space
from fairrun.training import FairClassifier
from tests.fuzz.mutations import mutated, mutated_document
from tests.fuzz.wire import ask_connection
from tests.people import SPEC, make_raw

__all__ = ["SUBJECTS", "Subject", "attack"]

#: Values of rows. A message that repeats one gives a person's value away.
SECRETS = ("7391842.25", "Zyxwvutician")
#: A message is a few lines of a terminal, however long the input is.
_LONGEST, _MOST_LINES = 1000, 6


@dataclass(frozen=True)
class Subject:
    """Something that reads input.

    Attributes
    ----------
    ask : callable
        Takes the input. It returns if the input is accepted and everything holds that must hold,
        and raises RequestError if the input is refused.
    seeds : tuple of bytes
        Inputs to start from: good ones, and bad ones that were tried.
    tokens : tuple of bytes
        Words of the format.
    is_document : bool
        Whether the input is JSON or YAML, of which half the changes are changes of the tree.
    """

    ask: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...]
    is_document: bool = False

    def input(self, seed: int, number: int) -> bytes:
        """Return a seed, if the number is below their number, or else a changed one."""
        if number < len(self.seeds):
            return self.seeds[number]
        rng = random.Random(f"{seed} {number}")  # noqa: S311 (no secret)
        if self.is_document and number % 2:
            words = [token.decode(errors="ignore").strip('" :') for token in self.tokens]
            return mutated_document(rng, self.seeds, words)
        return mutated(rng, self.seeds, self.tokens)


def attack(subject: Subject, seed: int, number: int) -> bool:
    """Ask a subject one changed input, and return whether it was accepted.

    Parameters
    ----------
    subject : Subject
        What is asked.
    seed, number : int
        They determine the input; see `Subject.input`.

    Raises
    ------
    AssertionError
        If the input is neither answered rightly nor refused as it should be. The message holds the
        input, so that it can become a test.
    """
    asked = subject.input(seed, number)
    try:
        subject.ask(asked)
    except RequestError as refused:
        said = str(refused)
        assert said, asked
        assert len(said) <= _LONGEST, (asked, said)
        assert said.count("\n") < _MOST_LINES, (asked, said)
        assert not any(secret in said for secret in SECRETS), (asked, said)
        return False
    except Exception as error:
        raise AssertionError(f"{asked!r} ends in {type(error).__name__}: {error}") from error
    return True


def _text(ask: Callable[[str], None]) -> Callable[[bytes], None]:
    """Ask with text, as a command line hands it over."""
    return lambda asked: ask(asked.decode("utf-8", errors="replace"))


def _file(ask: Callable[[str], None], name: str) -> Callable[[bytes], None]:
    """Ask with the path of a file that has the input as its content."""

    def with_file(asked: bytes) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(asked)
            ask(str(path))

    return with_file


def _gate(text: str) -> None:
    gate = parse_gate(text)
    assert parse_gate(str(gate)) == gate


def _gate_file(path: str) -> None:
    gate = read_gate(path)
    assert parse_gate(str(gate)) == gate


def _space(text: str) -> None:
    space = parse_space(text)
    assert str(parse_space(str(space))) == str(space)


def _space_file(path: str) -> None:
    space = read_space(path)
    assert str(parse_space(str(space))) == str(space)


def _group(text: str) -> None:
    group = parse_group(text)
    assert parse_group(format_group(group)) == group


def _where(text: str) -> None:
    kept = rows_where(_FILTERED, parse_where(text))
    assert kept.shape == (len(_FILTERED),)
    # A trailing semicolon says nothing.
    assert (rows_where(_FILTERED, parse_where(f"{text};")) == kept).all()


def _spec(path: str) -> None:
    spec = resolve_spec(DataRequest(path))
    assert DatasetSpec.from_dict(spec.to_dict()) == spec


def _csv(asked: bytes) -> None:
    table = read_csv(asked, ReadOptions(), "people.csv")
    dataset = prepare(SPEC, table)
    assert sum(map(len, (part.frame for part in dataset.splits.values()))) <= len(table.frame)


@functools.cache
def _saved() -> SavedModel:
    """A model that reads the group and draws labels, so that nothing of a request is left out."""
    people = prepare(SPEC, make_raw(600, seed=1)).splits["train"]
    classifier = FairClassifier(SPEC.protected[0], mitigator="equalized_odds", changeable=["age"])
    model = classifier.fit(people.frame, people.label).inference_
    return SavedModel(inference, model, inference.describe(model))


def _body(kind: bytes, query: bytes = b"") -> Callable[[bytes], None]:
    def ask(asked: bytes) -> None:
        saved = _saved()
        reply = answer(saved, asked, query, kind)
        content = orjson.loads(reply.body)
        if reply.status != 200:
            assert reply.status in (400, 413, 415, 422), reply.status
            raise RequestError(content["error"]["message"])
        assert len(content["predictions"]) == len(content["probabilities"]) == reply.rows
        assert set(content["predictions"]) <= {0, 1}

    return ask


def _webhook(asked: bytes) -> None:
    """Ask with three headers and a body, a line each. SIGNATURE and NOW stand for right ones."""
    signature, delivery, when, body = (*asked.split(b"\n", 3), b"", b"", b"")[:4]
    when = when.replace(b"NOW", b"%d" % time.time())
    right = hmac.digest(_SECRET, b".".join((delivery, when, body)), "sha256")
    signature = signature.replace(b"SIGNATURE", base64.b64encode(right))
    sent: list[Message] = []
    looks: list[bool] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    names = (b"x-mlflow-signature", b"x-mlflow-delivery-id", b"x-mlflow-timestamp")
    headers = [*zip(names, (signature, delivery, when), strict=True)]
    scope = {"type": "http", "method": "POST", "path": "/webhook", "headers": headers}
    handler = Webhook(_SECRET.decode(), "income", lambda: looks.append(True), Limits())
    asyncio.run(handler(scope, receive, send))
    status, content = sent[0]["status"], orjson.loads(sent[1]["body"])
    if status != 202:
        assert status in (400, 403), status
        assert not looks
        raise RequestError(content["error"]["message"])
    assert signature == b"v1," + base64.b64encode(right)
    assert looks == [True] * (content["status"] == "looking")


def _query(asked: bytes) -> None:
    reply = answer(_saved(), _ROW, asked, JSON)
    if reply.status != 200:
        assert reply.status == 422, reply.status
        raise RequestError(orjson.loads(reply.body)["error"]["message"])


def _table(n_rows: int) -> pd.DataFrame:
    table = make_raw(n_rows, seed=2)
    table.loc[1, ["weight", "job"]] = float(SECRETS[0]), SECRETS[1]
    return table


_PEOPLE = _table(5).drop(columns="paid")
_ROW = _PEOPLE.head(1).to_json(orient="records", double_precision=15).encode()
_BODIES = (
    *(
        _PEOPLE.to_json(orient=orient, double_precision=15).encode()
        for orient in ("split", "records")
    ),
    _ROW[1:-1],
    b"[]",
    b"",
    b"[" * 500,
    b"[{},{},{}]",
    b'{"columns": [], "data": []}',
    b'{"columns": ["age", "age"], "data": [[1, 2]]}',
    b'{"index": [0], "data": [[1]], "columns": ["age"]}',
)
_JSON_TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b'"age"',
    b'"sex"',
    b'"job"',
    b'"columns"',
    b'"data"',
)
_JSON_TOKENS += (b'"index"', b'"Male"', b"1e999", b"-0.0", b"{}", b"[]", b"[[]]", b"null")
_CSV_TOKENS = (b",", b";", b"|", b'""', b'"', b"\r\n", b"age", b"sex", b"NA", b"#", b"1,5", b"01")
_SPEC = b"""name: people
source: people.csv
target: paid
positive: high
protected:
  - {column: sex, privileged: Male, unprivileged: Female}
  - column: age
    privileged: ">=40"
drop: [id]
changeable: [age]
types: {zip: category}
missing: keep
max_dropped: 0.1
na_values: ["?"]
read: {delimiter: ";", decimal: ","}
splits: {validation: 0.2, test: 0.2, seed: 3}
"""
_SPECS = (
    _SPEC,
    *(
        path.read_bytes()
        for path in sorted((Path(__file__).parents[2] / "docs" / "specs").glob("*.yaml"))
    ),
    b"drop: &a [*a]",
    b"a: [",
    b"!!python/object/apply:os.getcwd []",
    b"<<: {a: 1}",
    b"? [1, 2] : 3",
    b"2001-01-01: 1",
)
_YAML_TOKENS = (b": ", b"- ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!!", b"<<", b"|\n", b"? ")
_YAML_TOKENS += (
    b"0o17",
    b"0x1F",
    b"yes",
    b"2001-01-01",
    b".inf",
    b".nan",
    b"~",
    b"protected",
    b"---\n",
)
_GATES = (
    b"disparate_impact>=0.8; accuracy>=0.8",
    b"statistical_parity<=0.1 @ sex; roc_auc>=0.8 @ sex:race; min_count=50; family=holm",
    b"equality_of_opportunity_difference<=0.05 @ race: White-Black",
    b"disparate_impact>=0.8 [privileged vs unprivileged]",
    b"accuracy=>0.8",
    b"disparate_impact>=0,8",
    b"accuracy>=80%",
    b"accuracy>=0.88888888888888888888",
    b";;;",
)
_GATE_TOKENS = (b">=", b"<=", b"=", b"@", b":", b";", b"-", b"[", b"]", b"min_count=", b"family=")
_GATE_TOKENS += (b"_worst", b"accuracy", b"brier_score", b"abroca", b"2sd_rule", b"1_000", b"holm")
_GATE_FILES = (b"- accuracy>=0.8\n- disparate_impact>=0.8\n", b"terms:\n- accuracy>=0.8\n")
_GATE_FILES += (b"terms: [accuracy>=0.8]\nmin_count: 40\nfamily: holm\n", b"accuracy: 0.8\n")
_SPACES = (
    DEFAULT_SPACE.encode(),
    b"C=0.1,1,10; mitigator=none,reweighing",
    b"mitigator=group_thresholds; group_thresholds.tolerance=0..0.1 5",
    b"estimator=hist_gradient_boosting; learning_rate=0.01..1 log 4; max_iter=10..100 3",
    b"C=10..0.1 log",
    b"C=0..1 log",
    b"C=1..2 0",
    b"C=1..2 999999999999999999999999999999",
)
_SPACE_TOKENS = (b"=", b"..", b",", b";", b" log", b" 3", b"+", b".", b"none", b"mitigator", b"C")
_SPACE_FILES = (b"C: 0.01..100 log\nmitigator: [none, reweighing]\n", b"C: [0.1, 1]\n", b"C: 1\n")
_GROUPS = (b"White|Asian", b">=40", b"18..25..40", b'"a|b"', b"rest", b"<25|>=65", b"-5..-1", b"=3")
_GROUP_TOKENS = (b"|", b"..", b">=", b"<", b'"', b"=", b"rest", b"-")

_FILTERED = _table(60).assign(day="2025-01-31")
_FILTERS = (
    *(b"age>=40; job=clerk|sales", b"age=18..25..40|>=60", b"day>=2025-01-01", b'"job"="clerk"'),
    *(
        b"day=2025-01-01..2026-01-01;",
        b"sex==Male",
        b"job=nobody",
        b"day=2025",
        b"job=Zyxwvut",
        b"weight=73",
    ),
)
_POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
_H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
_LENGTH = b"Content-Length: 5\r\n\r\n12345"
_CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n3\r\n345\r\n0\r\n\r\n"
_REQUESTS = (
    *(_POST + _LENGTH, _POST + _CHUNKS, _POST + _H2C + _LENGTH, _POST + _H2C + _CHUNKS),
    (_POST + _LENGTH) * 3 + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    _POST + b"Expect: 100-continue\r\n" + _LENGTH,
    *(b"HEAD / HTTP/1.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01"),
)
_HTTP_TOKENS = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b":",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"CONNECT",
        b"GET",
        b"%zz",
        b"http://x",
    ),
    *(b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n", b"Connection: close\r\n"),
    *(b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b";", b"/"),
)

_SECRET = b"sixteen characters"
_EVENT = b'{"entity": "model_version_alias", "action": "created", "data": {"name": "income"}}'
_EVENTS = (
    *(b"v1,SIGNATURE\nid\nNOW\n" + body for body in (_EVENT, b"{}", b"[" * 500, b"\xff", b"")),
    b"v1,SIGNATURE\nid\n1764500000\n" + _EVENT,
    *(b"SIGNATURE\nid\nNOW\n" + _EVENT, b"v1,\nid\nNOW\n" + _EVENT, b"v1,SIGNATURE\n\n\n"),
)

SUBJECTS = {
    "HTTP connection": Subject(ask_connection, _REQUESTS, _HTTP_TOKENS),
    "JSON body": Subject(_body(JSON), _BODIES, _JSON_TOKENS, is_document=True),
    "JSON body with explanations": Subject(
        _body(JSON, b"explain=true&counterfactuals=true"), _BODIES, _JSON_TOKENS, is_document=True
    ),
    "CSV body": Subject(
        _body(CSV),
        (_PEOPLE.to_csv(index=False).encode(), b"age\n1\n", b'age,job\n"1\n', b"", b"age,age\n1,2"),
        _CSV_TOKENS,
    ),
    "webhook": Subject(
        _webhook,
        _EVENTS,
        (b"v1,", b"SIGNATURE", b"NOW", b"\n", b".", b"=", b'"data"', *_JSON_TOKENS),
    ),
    "query string": Subject(
        _query,
        (b"explain=true&top_k=3", b"counterfactuals=True", b"top_k=-1", b"a=b&a=c", b"%00"),
        (b"&", b"=", b"%", b"+", b"true", b"top_k", b"explain", b";"),
    ),
    "CSV file": Subject(
        _csv, (_table(400).to_csv(index=False).encode(), b"a;b\n1;2\n", b""), _CSV_TOKENS
    ),
    "spec": Subject(_file(_spec, "spec.yaml"), _SPECS, _YAML_TOKENS, is_document=True),
    "gate": Subject(_text(_gate), _GATES, _GATE_TOKENS),
    "gate file": Subject(
        _file(_gate_file, "gate.yaml"), _GATE_FILES, _GATE_TOKENS + _YAML_TOKENS, is_document=True
    ),
    "space": Subject(_text(_space), _SPACES, _SPACE_TOKENS),
    "space file": Subject(
        _file(_space_file, "space.yaml"),
        _SPACE_FILES,
        _SPACE_TOKENS + _YAML_TOKENS,
        is_document=True,
    ),
    "group": Subject(_text(_group), _GROUPS, _GROUP_TOKENS),
    "where": Subject(
        _text(_where), _FILTERS, (*_GROUP_TOKENS, b";", b"age", b"job", b"day", b"==")
    ),
}
