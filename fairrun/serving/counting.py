"""Counters of the app, in the format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector

from fairrun.models.provenance import Provenance
from fairrun.serving.answering import Reply

__all__ = ["CONTENT_TYPE", "Counting"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Upper limits of the latency histogram's buckets, in seconds.
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counting:
    """Counters of one app: latency, rows, errors, unseen values, and the queue for workers.

    The labels of the counters are statuses, error codes and the model's columns. They never hold
    text from a client.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._seconds = Histogram(
            "fairrun_predict_seconds",
            "Seconds from the first byte of a request to the last byte of its answer.",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._requests = Counter(
            "fairrun_predict_requests", "Requests by status.", ["status"], registry=self._registry
        )
        self._rows = Counter("fairrun_rows", "Answered rows.", registry=self._registry)
        self._errors = Counter(
            "fairrun_errors", "Refused requests by code.", ["code"], registry=self._registry
        )
        self._unseen = Counter(
            "fairrun_unseen_values",
            "Values that did not occur in training; for a protected column, rows in neither group.",
            ["column"],
            registry=self._registry,
        )

        self._dropped = Counter(
            "fairrun_dropped_requests",
            "Requests that got no answer, because the client closed its connection (client_gone), "
            "the queue was full (queue_full), the time was over (timeout), or the worker process "
            "ended (worker_ended).",
            ["reason"],
            registry=self._registry,
        )
        for reason in ("client_gone", "queue_full", "timeout", "worker_ended"):
            self._dropped.labels(reason)
        self._workers = Counter(
            "fairrun_worker_restarts",
            "Worker processes that were started in place of one that ended.",
            registry=self._registry,
        )
        self._queue = Gauge(
            "fairrun_queue_requests",
            "Requests that wait for a worker process: explanations of a few rows (short) and large "
            "bodies (long).",
            ["lane"],
            registry=self._registry,
        )
        self._bytes = Gauge(
            "fairrun_body_bytes",
            "Bytes of all bodies that are being read, wait, or are being answered.",
            registry=self._registry,
        )

        self._model = Info("fairrun_model", "The model that is served.", registry=self._registry)
        self._swaps = Counter(
            "fairrun_model_swaps",
            "Changes of the model, because the alias pointed to another version.",
            registry=self._registry,
        )
        self._refused_versions = Counter(
            "fairrun_model_refusals",
            "Versions that the alias pointed to, but that could not be served.",
            registry=self._registry,
        )
        self._problem = Gauge(
            "fairrun_alias_unknown",
            "1 if the registry did not say to which version the alias points, else 0.",
            registry=self._registry,
        )

    def show_model(self, provenance: Provenance) -> None:
        """Report which model is served."""
        names = ("name", "version", "model_id")
        self._model.info({name: getattr(provenance, name) or "" for name in names})

    def swap(self, provenance: Provenance) -> None:
        """Add a change of the model, and report the new one."""
        self._swaps.inc()
        self.show_model(provenance)

    def refuse_version(self) -> None:
        """Add a version that could not be served."""
        self._refused_versions.inc()

    def show_problem(self, there_is_one: bool) -> None:
        """Report whether the version of the alias is unknown."""
        self._problem.set(there_is_one)

    def drop(self, reason: str) -> None:
        """Add a request that got no answer."""
        self._dropped.labels(reason).inc()

    def replace_worker(self) -> None:
        """Add a worker process that was started in place of another."""
        self._workers.inc()

    def show_queue(self, lane: str, length: Callable[[], float]) -> None:
        """Report the current length of a lane of the queue."""
        self._queue.labels(lane).set_function(length)

    def show_bytes(self, held: Callable[[], float]) -> None:
        """Report the current size of all bodies."""
        self._bytes.set_function(held)

    def count(self, reply: Reply, seconds: float) -> None:
        """Add one answer and the seconds that it took."""
        self._seconds.observe(seconds)
        self._requests.labels(reply.status).inc()
        if reply.code:
            self._errors.labels(reply.code).inc()
        self._rows.inc(reply.rows)
        for column, number in reply.unseen.items():
            self._unseen.labels(column).inc(number)

    def text(self) -> bytes:
        """Return all counts in the text format of Prometheus."""
        return generate_latest(self._registry)
