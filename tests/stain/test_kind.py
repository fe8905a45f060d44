from __future__ import annotations

import numpy as np
import pytest

from histo.stain.kind import brown_share

YELLOW_GLASS, HE_IN_YELLOW_LIGHT = (225, 214, 165), (170, 110, 85)


def picture() -> tuple[np.ndarray, np.ndarray]:
    image = np.full((200, 300, 3), YELLOW_GLASS, np.uint8)
    image[50:150, 20:180] = HE_IN_YELLOW_LIGHT
    image[:, 200:] = 255
    tissue = np.zeros((200, 300), bool)
    tissue[50:150, 20:180] = True
    return image, tissue


def test_h_and_e_beside_a_white_caption_is_not_brown() -> None:
    image, tissue = picture()
    view = np.ones_like(tissue)
    view[:, 200:] = False

    assert brown_share(image, tissue) == 1.0
    assert brown_share(image, tissue, view=view) == 0.0


@pytest.mark.parametrize("view", [True, False])
def test_dab_is_brown_wherever_the_white_is_taken(view: bool) -> None:
    image = np.full((100, 100, 3), 242, np.uint8)
    image[20:80, 20:80] = (150, 110, 70)
    everywhere = np.ones((100, 100), bool)

    assert brown_share(image, view=everywhere if view else None) == 1.0
