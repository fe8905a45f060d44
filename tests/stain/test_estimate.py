from __future__ import annotations

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.stain import (
    HAEMATOXYLIN_DAB,
    HAEMATOXYLIN_EOSIN,
    HAEMATOXYLIN_EOSIN_DAB,
    StainVectors,
    combine,
    estimate_vectors,
    estimate_white,
)

WHITE = np.array([244.0, 241.0, 238.0])


def draw_stained(vectors: StainVectors, seed: int = 0, noise: float = 2.0, side: int = 200):
    """Nuclei in the first stain and the rest in the second, mixed a little, a third of it glass."""
    rng = np.random.default_rng(seed)
    kind = rng.random((side, side))
    first = np.where(kind < 0.3, rng.uniform(0.5, 1.2, kind.shape), rng.uniform(0.0, 0.05, kind.shape))
    second = np.where(kind < 0.3, rng.uniform(0.0, 0.05, kind.shape), rng.uniform(0.3, 0.8, kind.shape))
    glass = (kind > 0.66)[..., None]
    image = combine(np.stack([first, second], -1) * ~glass, vectors, white=WHITE).astype(float)
    return np.clip(np.rint(image + rng.normal(0, noise, image.shape)), 0, 255).astype(np.uint8)


def angle_deg(first, second) -> float:
    return float(np.degrees(np.arccos(np.clip(np.dot(first, second), -1, 1))))


def turned(vectors: StainVectors, seed: int, by: float) -> StainVectors:
    rng = np.random.default_rng(seed)
    matrix = np.clip(np.array(vectors.vectors) + rng.uniform(-by, by, (2, 3)), 0.01, None)
    return StainVectors(vectors.names, tuple(map(tuple, matrix)))


@pytest.mark.parametrize("reference", [HAEMATOXYLIN_EOSIN, HAEMATOXYLIN_DAB], ids=["he", "hdab"])
@pytest.mark.parametrize("seed", range(6))
def test_drawn_stains_are_estimated_within_five_degrees(reference, seed) -> None:
    truth = turned(reference, seed, 0.12)

    found = estimate_vectors(draw_stained(truth, seed), reference=reference)

    assert found.is_plausible
    assert found.vectors.names == reference.names
    for estimated, true in zip(found.vectors.vectors, truth.vectors, strict=True):
        assert angle_deg(estimated, true) < 5.0


def test_the_same_image_gives_the_same_vectors() -> None:
    image = draw_stained(HAEMATOXYLIN_EOSIN)

    assert estimate_vectors(image) == estimate_vectors(image)


def test_glass_around_the_tissue_changes_nothing() -> None:
    image = draw_stained(HAEMATOXYLIN_EOSIN)
    wide = np.full((400, 400, 3), WHITE.astype(np.uint8))
    wide[100:300, 100:300] = image

    near = np.array(estimate_vectors(wide).vectors.vectors)

    np.testing.assert_allclose(near, np.array(estimate_vectors(image).vectors.vectors), atol=0.02)


def one_stain() -> np.ndarray:
    amounts = np.random.default_rng(0).uniform(0.2, 1.0, (100, 100))
    return combine(np.stack([amounts, np.zeros_like(amounts)], -1), HAEMATOXYLIN_EOSIN, white=WHITE)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.full((50, 50, 3), 240, np.uint8), "too_few_pixels"),
        (one_stain(), "one_colour"),
        (draw_stained(StainVectors(("a", "b"), ((0.1, 0.2, 0.97), (0.9, 0.3, 0.1)))), "unlike_reference"),
        (np.random.default_rng(0).integers(20, 200, (100, 100, 3)).astype(np.uint8), "unlike_reference"),
    ],
    ids=["glass", "haematoxylin alone", "yellow and blue", "noise"],
)
def test_what_is_not_believed_falls_back_to_the_reference_with_the_reason(image, reason) -> None:
    found = estimate_vectors(image, white=WHITE)

    assert not found.is_plausible
    assert found.reason == reason
    assert found.vectors == HAEMATOXYLIN_EOSIN


def test_white_is_the_glass_and_not_the_palest_tissue_or_a_caption() -> None:
    image = draw_stained(HAEMATOXYLIN_EOSIN)
    image[:5, :40] = 255

    np.testing.assert_allclose(estimate_white(image), WHITE, atol=2)


def test_white_is_sought_only_where_the_mask_allows() -> None:
    image = np.full((20, 20, 3), 255, np.uint8)
    image[:, :10] = (230, 220, 180)
    mask = np.zeros((20, 20), bool)
    mask[:, :10] = True

    np.testing.assert_array_equal(estimate_white(image, mask), (230, 220, 180))
    with pytest.raises(InvalidArgument, match="no pixel"):
        estimate_white(image, np.zeros_like(mask))


def test_three_stains_cannot_be_estimated() -> None:
    with pytest.raises(InvalidArgument, match="two stains"):
        estimate_vectors(draw_stained(HAEMATOXYLIN_EOSIN), reference=HAEMATOXYLIN_EOSIN_DAB)


def test_real_sections_give_plausible_stains(real_data) -> None:
    from PIL import Image

    names = ["abdo_duodenum_2266x1592.jpg", "abdo_jejunum_2281x1585.jpg", "qiepian_duodenum_clean_1000x930.jpg"]
    for name in names:
        image = np.asarray(Image.open(real_data / "he-structure" / name).convert("RGB"))
        assert estimate_vectors(image).is_plausible, name
