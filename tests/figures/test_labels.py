from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

from fairrun.figures.labels import label_points
from fairrun.figures.style import new_figure

coordinate = st.floats(0, 1).map(lambda value: round(value, 3))


def axes():
    figure = new_figure(5, "labels")
    ax = figure.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    figure.draw_without_rendering()
    return ax


def place(ax, points, names, lines=()):
    labels = label_points(ax, np.array(points, dtype=float), names, lines)
    ax.figure.canvas.draw()
    return labels, [Text.get_window_extent(label) for label in labels]


def leaders(ax):
    return [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]


@settings(max_examples=15, deadline=None)
@given(
    points=st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=8), spread=coordinate
)
def test_labels_cover_neither_each_other_nor_a_point_and_stay_inside(points, spread):
    points = spread * np.array(points)  # from all over the axes to all on one spot
    ax = axes()
    _, boxes = place(ax, points, [f"a_rather_long_name_{i}" for i in range(len(points))])

    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    frame = ax.get_window_extent().padded(1)
    pixels = ax.transData.transform(points)
    for box in boxes:
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1
        assert not any(box.contains(*pixel) for pixel in pixels)


def test_a_lonely_point_has_its_label_right_beside_it_and_no_line():
    ax = axes()
    (label,), (box,) = place(ax, [(0.5, 0.5)], ["reweighing"])
    x, y = ax.transData.transform((0.5, 0.5))
    assert label.get_text() == "reweighing"
    assert (box.y0 + box.y1) / 2 == pytest.approx(y, abs=2)
    assert min(abs(box.x0 - x), abs(box.x1 - x)) < 12 * ax.figure.dpi / 72
    assert leaders(ax) == []


def test_a_label_at_the_right_edge_is_on_the_left():
    ax = axes()
    _, (box,) = place(ax, [(1.0, 0.5)], ["reweighing"])
    assert box.x1 < ax.transData.transform((1.0, 0.5))[0]


def test_a_label_far_from_its_point_has_a_line_from_there_to_the_point():
    ax = axes()
    points = [(0.5, 0.5)] * 8
    _, boxes = place(ax, points, [f"a_rather_long_name_{i}" for i in range(8)])
    center = ax.transData.transform((0.5, 0.5))
    gaps = [np.hypot(*(np.clip(center, box.min, box.max) - center)) for box in boxes]
    far = sum(gap > 17 * ax.figure.dpi / 72 for gap in gaps)
    assert len(leaders(ax)) == far > 0
    for line in leaders(ax):
        assert line.xy == (0.5, 0.5)
        start = line.get_transform().transform(line.get_position())
        assert min(np.hypot(*(np.clip(start, box.min, box.max) - start)) for box in boxes) < 8


def test_no_label_lies_between_another_and_its_point():
    # The nearest free place of the fifth label is behind the fourth.
    points = [(0.56, 0.38), (0.49, 0.49), (0.44, 0.54), (0.49, 0.47), (0.53, 0.47), (0.58, 0.52)]
    ax = axes()
    _, boxes = place(ax, points, [f"a_rather_long_name_{i}" for i in range(6)])
    for i, (pixel, box) in enumerate(zip(ax.transData.transform(points), boxes, strict=True)):
        path = np.linspace(pixel, np.clip(pixel, box.min, box.max), 200)
        others = boxes[:i] + boxes[i + 1 :]
        assert not any(other.contains(*spot) for other in others for spot in path)


def test_a_label_keeps_off_a_line_of_the_plot():
    ax = axes()
    line = ax.axhline(0.5)
    _, (box,) = place(ax, [(0.5, 0.5)], ["none"], [line])
    height = ax.transData.transform((0.5, 0.5))[1]
    assert not box.y0 <= height <= box.y1


def test_more_names_than_there_is_room_for_are_all_written():
    ax = axes()
    labels, _ = place(ax, [(0.5, 0.5)] * 20, ["a_name_that_fills_much_of_the_axes"] * 20)
    assert len(labels) == 20


def test_a_name_wider_than_the_axes_is_written():
    ax = axes()
    (label,), _ = place(ax, [(0.5, 0.5)], ["wide " * 40])
    assert label.get_text() == "wide " * 40


def test_no_points():
    assert label_points(axes(), np.empty((0, 2)), [], []) == []
