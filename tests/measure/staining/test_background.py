from __future__ import annotations

import numpy as np
import pytest

from histo.measure.staining.background import estimate_noise, find_background


def test_background_is_the_dark_part_whatever_share_is_stained() -> None:
    rng = np.random.default_rng(0)
    for share in (0.05, 0.5, 0.9):
        image = rng.normal(200, 6, (200, 200)).astype(np.float32)
        image[:, : round(200 * share)] += 500
        found = find_background(image, 0.5)
        assert found.source == "dark"
        assert found.level == pytest.approx(200, abs=3)


def test_full_field_says_that_no_background_was_seen() -> None:
    rng = np.random.default_rng(0)
    # Tissue of all strengths from border to border, no empty part.
    ramp = np.linspace(400, 2400, 200)[None, :] * np.ones((200, 1))
    found = find_background((ramp + rng.normal(0, 6, ramp.shape)).astype(np.float32), 0.5)
    assert found.source == "none_seen"
    assert found.level < 420


def test_lumen_wins_over_what_is_darker() -> None:
    image = np.full((100, 100), 50, np.float32)
    image[:50] = 120
    lumen = np.zeros((100, 100), bool)
    lumen[:40] = True
    assert find_background(image, 0.5, lumen=lumen).level == 120
    # A lumen of a few pixels is none.
    assert find_background(image, 0.1, lumen=lumen[:, ::-1] & (np.indices((100, 100))[1] < 2)).source == "dark"


def test_level_that_is_known_is_taken() -> None:
    found = find_background(np.full((50, 50), 9, np.float32), 0.5, given=3.0)
    assert (found.level, found.source) == (3.0, "given")


def test_noise_is_not_raised_by_lines_of_stain() -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(100, 5, (200, 200)).astype(np.float32)
    image[::10] += 400
    assert estimate_noise(image) == pytest.approx(5, rel=0.35)
    image[::10] -= 400
    assert estimate_noise(image) == pytest.approx(5, rel=0.05)
