from __future__ import annotations

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.stain import (
    HAEMATOXYLIN_EOSIN,
    REFERENCE_APPEARANCE,
    StainAppearance,
    StainVectors,
    combine,
    describe_stain,
    normalise,
)


def draw(vectors: StainVectors, strength: float, white) -> np.ndarray:
    rng = np.random.default_rng(3)
    kind = rng.random((150, 150))
    first = np.where(kind < 0.3, 0.9, 0.03) * strength
    second = np.where((kind >= 0.3) & (kind < 0.7), 0.55, 0.03) * strength
    glass = (kind > 0.7)[..., None]
    return combine(np.stack([first, second], -1) * ~glass, vectors, white=white)


def test_a_slide_brought_to_its_own_appearance_stays_as_it_is() -> None:
    image = draw(HAEMATOXYLIN_EOSIN, 1.0, (243.0, 243.0, 243.0))
    own = describe_stain(image)

    difference = np.abs(normalise(image, to=own, of=own).astype(int) - image)

    assert difference.max() <= 1


def test_two_stainings_of_one_section_become_alike() -> None:
    shifted = StainVectors(HAEMATOXYLIN_EOSIN.names, ((0.55, 0.75, 0.40), (0.15, 0.90, 0.25)))
    strong = draw(HAEMATOXYLIN_EOSIN, 1.1, (243.0, 243.0, 243.0))
    weak = draw(shifted, 0.7, (230.0, 225.0, 210.0))

    before = np.abs(strong.astype(int) - weak).mean()
    after = np.abs(normalise(strong).astype(int) - normalise(weak)).mean()

    assert before > 20
    assert after < 4


def test_glass_becomes_the_white_of_the_reference() -> None:
    image = draw(HAEMATOXYLIN_EOSIN, 1.0, (230.0, 225.0, 210.0))
    image[:50] = (230, 225, 210)

    np.testing.assert_array_equal(normalise(image)[:50], 243)


def test_tiles_of_a_slide_agree_when_its_appearance_is_measured_once() -> None:
    image = draw(HAEMATOXYLIN_EOSIN, 0.8, (235.0, 235.0, 235.0))
    own = describe_stain(image)

    tiles = np.hstack([normalise(image[:, :75], of=own), normalise(image[:, 75:], of=own)])

    np.testing.assert_array_equal(tiles, normalise(image, of=own))


def test_an_empty_field_is_described_by_the_reference() -> None:
    empty = describe_stain(np.full((40, 40, 3), 240, np.uint8))

    assert not empty.is_estimated
    assert empty.vectors == REFERENCE_APPEARANCE.vectors


@pytest.mark.parametrize(("strengths", "white"), [((0.0, 1.0), (255.0,) * 3), ((1.0, 1.0), (0.0, 255.0, 255.0))])
def test_an_appearance_without_strength_or_light_is_refused(strengths, white) -> None:
    with pytest.raises(InvalidArgument, match="positive"):
        StainAppearance(HAEMATOXYLIN_EOSIN, strengths, white)
