"""Leave plots out of tests that are about something else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image


@contextmanager
def without_drawing() -> Iterator[None]:
    """Let runs log an empty picture in the place of each plot.

    Plots take half of the time of an evaluation. `tests/figures` draws every one of them, and a
    test of a command that asks for the fixture `drawn` draws those of its own data.
    """
    # Imported here because matplotlib takes a second.
    from fairrun.figures import evaluation, explanations

    picture = io.BytesIO()
    Image.new("L", (1, 1)).save(picture, "PNG")
    with pytest.MonkeyPatch.context() as patch:
        for module in (evaluation, explanations):
            patch.setattr(module, "to_png", lambda _: picture.getvalue())
            for name in vars(module):
                if name.startswith("plot_"):
                    patch.setattr(module, name, lambda *_, **__: None)
        yield
