"""What holds for every figure."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from fairrun.figures.style import PALETTE, lay_out, wrap
from tests.figures.samples import FIGURES, drawn_texts

every_figure = pytest.mark.parametrize("name", FIGURES)


@cache
def drawn(name):
    figure = FIGURES[name]()
    return figure, drawn_texts(figure)


@every_figure
def test_text_is_legible_in_a_thumbnail_400_pixels_wide(name):
    figure, texts = drawn(name)
    scale = 400 / (figure.get_figwidth() * 72)
    assert min(text.get_fontsize() * scale for text in texts) >= 10


@every_figure
def test_all_text_lies_within_the_figure(name):
    figure, texts = drawn(name)
    width, height = figure.bbox.size
    for text, box in texts.items():
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= 0, text


@every_figure
def test_no_text_lies_on_another(name):
    for (one, box), (other, other_box) in combinations(drawn(name)[1].items(), 2):
        # Boxes have room for letters that reach lower than those of the text.
        assert not box.padded(-1).overlaps(other_box.padded(-1)), (one, other)


@every_figure
def test_global_settings_neither_leak_in_nor_out(name):
    """Nor does it matter that a figure was laid out before it is drawn."""
    plain = np.asarray(drawn(name)[0].canvas.buffer_rgba())
    theme = {"font.size": 30, "axes.grid": True, "lines.linewidth": 9, "text.color": "red"}
    with plt.style.context(["dark_background", theme]):
        before = dict(mpl.rcParams)
        figure = FIGURES[name]()
        lay_out(figure)
        figure.canvas.draw()
        assert dict(mpl.rcParams) == before
    assert np.array_equal(plain, np.asarray(figure.canvas.buffer_rgba()))
    assert (plain[:3] == 255).all()
    assert plt.get_fignums() == []


def test_figures_made_in_several_threads_are_the_same():
    name = "fairness accuracy, undefined"

    def pixels(_):
        figure = FIGURES[name]()
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba())

    expected = np.asarray(drawn(name)[0].canvas.buffer_rgba())
    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(expected, made) for made in pool.map(pixels, range(12)))


def test_dollar_signs_are_not_formulas():
    _, texts = drawn("counts, five")
    labels = [text for text in texts if "$50K" in text.get_text()]
    assert [text.get_text() for text in labels] == ["<=$50K", ">$50K"]
    assert not any(text.get_parse_math() for text in texts if "$" in text.get_text())


def test_the_colours_differ_from_each_other_and_from_white():
    colors = np.array([mpl.colors.to_rgb(color) for color in (*PALETTE, "black", "white")])
    for one, other in combinations(colors, 2):
        assert np.abs(one - other).sum() > 0.3


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("reweighing+group_thresholds", ["reweighing", "+group_thresholds"]),
        ("a+b+c", ["a+b+c"]),
        ("equality of opportunity difference", ["equality of", "opportunity", "difference"]),
        ("a_word_that_is_longer_than_a_line", ["a_word_that_is_longer_than_a_line"]),
        ("Asian-Pac-Islander or Other-one", ["Asian-Pac-Islander", "or Other-one"]),
    ],
)
def test_wrap(text, lines):
    assert wrap(text, 18).split("\n") == lines
