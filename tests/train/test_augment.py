from __future__ import annotations

import numpy as np
import pytest

from histo.train.augment import vary_look
from histo.train.settings import Augmentation

NOTHING = dict.fromkeys(
    ("stain", "blur", "sharpen", "jpeg", "illumination", "noise", "hue", "grey", "missing_stain", "fold"), 0.0
)


@pytest.fixture
def stripes() -> np.ndarray:
    image = np.full((64, 64, 3), 235, np.uint8)
    image[:, ::4] = image[:, 1::4] = (150, 70, 160)
    return image


def test_a_look_that_is_not_varied_stays(stripes: np.ndarray) -> None:
    assert (
        np.abs(vary_look(stripes, Augmentation(**NOTHING), np.random.default_rng(0)).astype(int) - stripes).max() <= 3
    )


def test_a_coarse_picture_has_lost_its_fine_detail_but_not_its_colour(stripes: np.ndarray) -> None:
    coarse = vary_look(stripes, Augmentation(**NOTHING, coarse=1.0), np.random.default_rng(1))
    assert coarse.shape == stripes.shape
    assert coarse[..., 1].std() < 0.5 * stripes[..., 1].std()
    assert np.abs(coarse.mean(axis=(0, 1)) - stripes.mean(axis=(0, 1))).max() < 4
