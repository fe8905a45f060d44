from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from histo.report.figure.drawn import file_stem
from histo.report.figure.style import COLOURS, arm_styles, empty_figure, svg_of, wrapped
from histo.study import Arm

# Machado, Oliveira and Fernandes 2009 (IEEE TVCG 15:1291), severity 1, for linear RGB.
AS_SEEN = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(colour: str) -> NDArray[np.float64]:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab_as_seen(colour: str, by: str) -> NDArray[np.float64]:
    seen = np.clip(np.asarray(AS_SEEN[by]) @ linear(colour), 0, 1)
    encoded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(encoded[None, None])[0, 0])


@pytest.mark.parametrize("by", AS_SEEN)
def test_any_two_colours_of_groups_stay_apart(by: str) -> None:
    differences = [
        float(deltaE_ciede2000(lab_as_seen(one, by), lab_as_seen(other, by))) for one, other in combinations(COLOURS, 2)
    ]

    assert min(differences) > 7  # 2.3 is just noticeable


@pytest.mark.parametrize("colour", COLOURS)
def test_each_colour_stands_out_from_white(colour: str) -> None:
    luminance = linear(colour) @ [0.2126, 0.7152, 0.0722]

    assert 1.05 / (luminance + 0.05) >= 3  # WCAG 2.1, 1.4.11


def test_a_group_keeps_its_colour_and_a_timepoint_its_marker() -> None:
    arms = [Arm("control", "7"), Arm("control", "14"), Arm("EAE", "7"), Arm("EAE", "14")]

    styles = arm_styles(arms)

    assert {styles[arm].colour for arm in arms[:2]} == {COLOURS[0]}
    assert {styles[arm].colour for arm in arms[2:]} == {COLOURS[1]}
    assert styles[arms[0]].marker == styles[arms[2]].marker != styles[arms[1]].marker


@pytest.mark.parametrize("name", ["对照组", "🐁🐁", "_hidden", "$a^b$", "<b>&amp;", "قياس"])
def test_names_in_any_letters_are_drawn(name: str) -> None:
    with empty_figure(2.0, 2.0) as figure:
        figure.add_axes((0.2, 0.2, 0.7, 0.7)).set_xticks([0.5], [name])
        svg = svg_of(figure)

    assert "<b>" not in svg
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in svg


@given(st.text(min_size=1, max_size=200), st.integers(4, 30), st.integers(1, 3))
def test_wrapped_names_stay_within_their_room(text: str, n_characters: int, n_lines: int) -> None:
    lines = wrapped(text, n_characters, n_lines).split("\n")

    assert len(lines) <= n_lines
    assert all(len(line) <= n_characters for line in lines)


@settings(max_examples=300)
@given(st.lists(st.text(min_size=1, max_size=120), min_size=2, max_size=2, unique=True))
def test_different_names_have_different_files_that_lead_nowhere_else(names: list[str]) -> None:
    stems = [file_stem("superplot", name) for name in names]

    assert stems[0].casefold() != stems[1].casefold()
    for stem in stems:
        assert stem.isascii()
        assert not set(stem) & set('/\\:*?"<>| ')
        assert ".." not in stem
        assert len(stem) < 120
