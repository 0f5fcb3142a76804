"""The app's small model, logged."""

from tests.serving.conftest import case, people, store

__all__ = ["case", "people", "store"]
