import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import webapp
from webapp.dashboard.figures import palette
from webapp.dashboard.figures.palette import PALETTES, TEMPLATES

STYLE = (Path(webapp.__file__).parent / "static" / "assay.css").read_text()


def tokens(theme):
    """Return the colours that a theme's first block of the style sheet declares."""
    start = STYLE.index('[data-bs-theme="dark"] {' if theme == "dark" else "color-scheme: light")
    block = STYLE[start : STYLE.index("}", start)]
    return dict(re.findall(r"--assay-([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", PALETTES)
def test_charts_and_pages_have_the_same_colours(theme):
    declared = tokens(theme)

    assert {name: declared.get(name) for name in PALETTES[theme].tokens()} == PALETTES[theme].tokens()


@pytest.mark.parametrize("theme", PALETTES)
def test_no_two_colours_of_a_theme_are_equal_so_that_themes_can_be_swapped(theme):
    colours = list(PALETTES[theme].tokens().values())

    assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("words", ["text", "muted", "accent", "gain", "loss", "warning"])
@pytest.mark.parametrize("ground", ["page", "surface", "raised", "hover"])
def test_words_can_be_read_on_every_ground(theme, words, ground):
    declared = tokens(theme)

    assert contrast(declared[words], declared[ground]) >= 4.5


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        ("accent", "accent-tint"),
        ("text", "loss-tint"),
        ("accent", "loss-tint"),
        ("text", "gain-tint"),
        ("text", "warning-tint"),
        ("loss", "loss-tint"),
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
        ("on-accent", "loss"),
    ],
)
def test_words_can_be_read_on_tints_and_buttons(theme, words, ground):
    declared = tokens(theme)

    assert contrast(declared[words], declared[ground]) >= 4.5


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("line", ["border-strong", "benchmark", "accent", "gain", "loss"])
def test_lines_and_frames_of_fields_can_be_seen(theme, line):
    declared = tokens(theme)

    assert contrast(declared[line], declared["surface"]) >= 3.0


def test_the_themes_are_known_apart_by_their_order_of_light():
    assert contrast(PALETTES["light"].surface, PALETTES["dark"].surface) > 10
    assert all(one != other for one, other in combinations([tokens(theme)["page"] for theme in PALETTES], 2))


@pytest.mark.parametrize("theme", PALETTES)
def test_a_figure_has_the_template_a_fixed_height_and_keeps_its_zoom(theme):
    figure = palette.figure([], {"meta": {"days": "x"}, "hovermode": "x"}, theme, name="equity", height=300)

    layout = figure["layout"]
    assert layout["template"] is TEMPLATES[theme]
    assert (layout["height"], layout["uirevision"], layout["hovermode"]) == (300, "equity", "x")
    assert layout["meta"] == {"theme": theme, "days": "x"}


# How the world looks without one kind of cone, in linear light: Machado, Oliveira and Fernandes (2009), severity 1.
SEEN = {
    "by most": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "without red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "without green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "without blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
MEANINGS = ("gain", "loss", "warning", "accent", "benchmark")
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def seen_colour(colour, eye):
    """Return a colour in CIELAB as an eye sees it: distances are what people tell apart, from about 2."""
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    relative = TO_XYZ @ np.clip(np.array(SEEN[eye]) @ linear, 0, 1) / WHITE
    x, y, z = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", SEEN)
@pytest.mark.parametrize("theme", PALETTES)
def test_colours_with_a_meaning_are_told_apart_by_every_eye(theme, eye):
    colours = {meaning: seen_colour(getattr(PALETTES[theme], meaning), eye) for meaning in MEANINGS}

    near = {pair: np.linalg.norm(colours[pair[0]] - colours[pair[1]]) for pair in combinations(MEANINGS, 2)}
    assert {pair: distance for pair, distance in near.items() if distance < 8} == {}
