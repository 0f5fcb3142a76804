"""Places the names of the points of a scatter plot so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from numpy.typing import NDArray

from fairrun.figures.style import GREY, TEXT

__all__ = ["label_points"]

# All in points, 1/72 of an inch.
_MARKER = 8.0  # half the side of the square around a marker that stays free
_GAP = 2.0  # the free space around every label and line
_STEP = 4.0  # the distance between two candidate positions
_NEAR = 15.0  # a label farther from its point than this gets a line to it

# The cost of a position, in addition to its distance from the point: for each name or marker that
# it covers, for each one between it and the point, and for each line of the plot that it covers.
_COVER_COST = 1e4
_CROSS_COST = 1e3
_LINE_COST = 20.0

# Boxes are rows of (left, bottom, right, top).
_Array = NDArray[np.float64]


def label_points(
    ax: Axes, points: _Array, names: Sequence[str], lines: Sequence[Line2D]
) -> list[Annotation]:
    """Write each name at the nearest free position to its point.

    The candidate positions form a grid inside the axes. The names are placed one after the other. A
    name gets the nearest position that covers no marker and no earlier name, and that has none
    between itself and the point. If there is no such position, the name gets the position that
    covers least. A thin line connects a name that is far from its point.

    Parameters
    ----------
    ax : Axes
        Axes whose size, scales and limits are final.
    points : array of shape (n, 2)
        x and y of each point, in data units.
    names : sequence of str, length n
    lines : sequence of Line2D
        Lines of the plot that names should not cover, if possible.

    Returns
    -------
    list of Annotation, length n
    """
    pixels = ax.figure.dpi / 72
    frame = np.divide(ax.get_window_extent().extents, pixels)
    anchors = ax.transData.transform(points) / pixels
    obstacles = np.hstack([anchors - _MARKER, anchors + _MARKER])
    extents = [line.get_window_extent().extents for line in lines]
    unwanted = np.reshape(extents, (-1, 4)) / pixels
    unwanted += (-_GAP, -_GAP, _GAP, _GAP)
    # The layout must not change after the labels are placed, so the labels are not part of it.
    style: dict[str, Any] = {"textcoords": "offset points", "in_layout": False}
    labels = []
    for name, point, anchor in zip(names, points, anchors, strict=True):
        label = ax.annotate(name, tuple(point), (0, 0), va="bottom", **style | TEXT)
        size = np.array(label.get_window_extent().size) / pixels + 2 * _GAP
        corner, end = _place(anchor, size, frame, obstacles, unwanted)
        label.set_position(tuple(corner + _GAP - anchor))
        labels.append(label)
        obstacles = np.vstack([obstacles, np.hstack([corner, corner + size])])
        if np.hypot(*(end - anchor)) > _NEAR:
            line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 5}
            ax.annotate("", tuple(point), tuple(end - anchor), arrowprops=line, **style)
    return labels


def _place(
    anchor: _Array, size: _Array, frame: _Array, obstacles: _Array, unwanted: _Array
) -> tuple[_Array, _Array]:
    """Return the lower left corner of the best box of `size`, and its point nearest to `anchor`."""
    low, high = frame[:2], np.maximum(frame[2:] - size, frame[:2])
    left, right = anchor[0] - _MARKER - size[0], anchor[0] + _MARKER
    middle = anchor[1] - size[1] / 2
    across = np.append(_steps(low[0], high[0], left), _steps(low[0], high[0], right))
    up = _steps(low[1], high[1], middle)
    corners = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    boxes = np.hstack([corners, corners + size])
    ends = np.clip(anchor, corners, corners + size)
    cost = (
        np.hypot(*(ends - anchor).T)
        # If two positions are equally near, the one next to the point is easier to read.
        + np.abs(corners[:, 1] - middle) / 4
        + _COVER_COST * _overlap(boxes, obstacles).sum(axis=1)
        + _CROSS_COST * _cross(anchor, ends, obstacles).sum(axis=1)
        + _LINE_COST * _overlap(boxes, unwanted).sum(axis=1)
    )
    best = np.argmin(cost)
    return corners[best], ends[best]


def _steps(low: float, high: float, through: float) -> _Array:
    """Return `low` and all values up to `high` at whole steps from `through`."""
    return np.append(low, np.arange(low + (through - low) % _STEP, high, _STEP))


def _overlap(boxes: _Array, obstacles: _Array) -> NDArray[np.bool_]:
    """Return whether each of n boxes overlaps each of k obstacles, shape (n, k)."""
    low = np.maximum(boxes[:, None, :2], obstacles[:, :2])
    high = np.minimum(boxes[:, None, 2:], obstacles[:, 2:])
    return np.asarray((low < high).all(axis=-1))


def _cross(start: _Array, ends: _Array, obstacles: _Array) -> NDArray[np.bool_]:
    """Return whether each of n lines from `start` meets each of k obstacles, shape (n, k)."""
    step = ends - start
    step = np.where(step == 0, 1e-9, step)[:, None, :]
    one, other = (obstacles[:, :2] - start) / step, (obstacles[:, 2:] - start) / step
    enter = np.minimum(one, other).max(axis=-1)
    leave = np.maximum(one, other).min(axis=-1)
    return np.asarray((enter < leave) & (enter < 1) & (leave > 0))
