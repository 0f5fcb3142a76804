"""What the app counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from fairrun.serving.answering import Reply

__all__ = ["CONTENT_TYPE", "Counting"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Seconds; a single row takes less than one of them, 100,000 rows less than a thousand.
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counting:
    """Latency, rows, errors and unseen values of one app.

    Labels are statuses, codes of errors and the model's own columns: never what a client sends.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._seconds = Histogram(
            "fairrun_predict_seconds",
            "From the first byte of a request to the last of its answer.",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._requests = Counter(
            "fairrun_predict_requests", "Answers by status.", ["status"], registry=self._registry
        )
        self._rows = Counter("fairrun_rows", "Rows answered.", registry=self._registry)
        self._errors = Counter(
            "fairrun_errors", "Refused requests by code.", ["code"], registry=self._registry
        )
        self._unseen = Counter(
            "fairrun_unseen_values",
            "Categories that training did not see; of a protected column, rows in neither group.",
            ["column"],
            registry=self._registry,
        )

    def count(self, reply: Reply, seconds: float) -> None:
        """Count an answer."""
        self._seconds.observe(seconds)
        self._requests.labels(reply.status).inc()
        if reply.code:
            self._errors.labels(reply.code).inc()
        self._rows.inc(reply.rows)
        for column, number in reply.unseen.items():
            self._unseen.labels(column).inc(number)

    def text(self) -> bytes:
        """Write all counts as Prometheus reads them."""
        return generate_latest(self._registry)
