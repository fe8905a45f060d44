from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from skimage.color import hed_from_rgb, rgb2hed

from histo.errors import InvalidArgument
from histo.stain import (
    HAEMATOXYLIN_DAB,
    HAEMATOXYLIN_EOSIN,
    HAEMATOXYLIN_EOSIN_DAB,
    StainVectors,
    combine,
    optical_density,
    separate,
)

PAIRS = [HAEMATOXYLIN_EOSIN, HAEMATOXYLIN_DAB, HAEMATOXYLIN_EOSIN_DAB]


@pytest.mark.parametrize("vectors", PAIRS, ids=lambda vectors: "-".join(vectors.names))
@given(image=npst.arrays(np.uint8, (4, 5, 3), elements=st.integers(1, 255)), light=st.integers(200, 255))
@settings(max_examples=40, deadline=None)
def test_combining_what_was_separated_gives_the_image_back(vectors, image, light) -> None:
    white = np.array([light, 240.0, 231.0])

    again = combine(separate(image, vectors, white=white), vectors, white=white)

    np.testing.assert_array_equal(again, image)


@given(
    amounts=npst.arrays(np.float64, (3, 4, 2), elements=st.floats(0, 0.7)),
)
@settings(max_examples=40, deadline=None)
def test_separating_what_was_combined_gives_the_densities_back(amounts) -> None:
    densities = separate(combine(amounts, HAEMATOXYLIN_EOSIN), HAEMATOXYLIN_EOSIN)

    # Rounding to whole grey values costs more the darker a pixel is: at 1.4 together a channel may be as low as 10.
    np.testing.assert_allclose(densities[..., :2], amounts, atol=0.06)
    np.testing.assert_allclose(densities[..., 2], 0.0, atol=0.06)


def test_density_is_the_logarithm_of_what_is_absorbed() -> None:
    image = np.array([[[24.0, 240.0, 2.4]]])

    np.testing.assert_allclose(optical_density(image, (240.0, 240.0, 240.0)), [[[1.0, 0.0, 2.0]]], atol=1e-12)


def test_whole_numbers_and_fractions_have_the_same_density() -> None:
    image = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)

    np.testing.assert_allclose(optical_density(image), optical_density(image.astype(float)), atol=1e-12)


def test_glass_is_free_of_stain() -> None:
    image = np.full((2, 2, 3), (240, 236, 228), dtype=np.uint8)

    np.testing.assert_allclose(separate(image, white=(240.0, 236.0, 228.0)), 0.0, atol=1e-12)


def test_densities_agree_with_scikit_image_up_to_its_unit() -> None:
    image = np.random.default_rng(1).integers(20, 250, (20, 30, 3)).astype(np.uint8)
    # The same vectors as scikit-image's, to the digit: those of its matrix, brought to length 1.
    lengths = np.linalg.norm(np.linalg.inv(hed_from_rgb), axis=1)

    ours = separate(image, HAEMATOXYLIN_EOSIN_DAB)
    theirs = rgb2hed(image) * np.log10(1e6) * lengths

    seen = theirs > 0
    assert seen.mean() > 0.4
    np.testing.assert_allclose(ours[seen], theirs[seen], atol=1e-6)
    assert np.all(ours[~seen] <= 1e-9), "what it clips is negative here"


def test_two_vectors_keep_dab_out_of_a_section_without_dab() -> None:
    image = combine(np.full((1, 1, 2), 0.5) * np.array([1.0, 0.4]), HAEMATOXYLIN_EOSIN)

    np.testing.assert_allclose(separate(image, HAEMATOXYLIN_EOSIN)[0, 0], [0.5, 0.2, 0.0], atol=0.01)


@pytest.mark.parametrize(
    ("names", "vectors", "message"),
    [
        (("a",), ((1, 0, 0),), "two or three"),
        (("a", "b"), ((1, 0, 0), (0, 0, 0)), "has a direction"),
        (("a", "b"), ((1, 0, 0), (2, 0, 0)), "told apart"),
        (("a", "b"), ((1, 0, 0), (0, float("nan"), 0)), "has a direction"),
        (("a",), ((1, 0, 0), (0, 1, 0)), "1 names"),
    ],
)
def test_vectors_that_are_none_are_refused(names, vectors, message) -> None:
    with pytest.raises(InvalidArgument, match=message):
        StainVectors(names, vectors)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: separate(np.zeros((3, 3), np.uint8).reshape(9)), "last axis"),
        (lambda: optical_density(np.zeros((2, 2, 3), np.uint8), (0.0, 255.0, 255.0)), "white"),
        (lambda: combine(np.zeros((2, 2, 1))), "2 to 3 channels"),
    ],
)
def test_images_of_another_shape_are_refused(call, message) -> None:
    with pytest.raises(InvalidArgument, match=message):
        call()
