"""Counters of the app, in the format of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from fairrun.serving.answering import Reply

__all__ = ["CONTENT_TYPE", "Counting"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Upper limits of the latency histogram's buckets, in seconds.
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counting:
    """Counters of one app: latency, rows, errors and unseen values.

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
