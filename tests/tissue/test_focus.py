from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from histo.errors import InvalidArgument, MissingPixelSize
from histo.io import slide_from_array
from histo.tissue import find_sections, focus_score, mark_blur, measure_focus
from histo.types import Exclusion


def draw_nuclei(mpp: float, side_um: float = 512.0, seed: int = 0) -> NDArray[np.uint8]:
    """Tissue with nuclei of 6 µm, about one in 200 µm²."""
    rng = np.random.default_rng(seed)
    fine = np.full((round(side_um / 0.25), round(side_um / 0.25)), 190, np.uint8)
    for row, col in rng.uniform(0, side_um, (round(side_um**2 / 200), 2)):
        cv2.circle(fine, (round(col / 0.25), round(row / 0.25)), round(3 / 0.25), int(rng.integers(80, 120)), -1)
    grey = cv2.resize(fine, None, fx=0.25 / mpp, fy=0.25 / mpp, interpolation=cv2.INTER_AREA)
    return np.stack([grey, (grey * 0.6).astype(np.uint8), (grey * 0.9).astype(np.uint8)], axis=-1)


def blurred(image: NDArray[np.uint8], sigma_um: float, mpp: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_um / mpp), dtype=np.uint8)


@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0])
def test_blur_of_two_micrometres_is_told_from_none(mpp: float) -> None:
    sharp = draw_nuclei(mpp, side_um=256.0)

    assert focus_score(sharp, mpp) > 0.38
    assert focus_score(blurred(sharp, 2.0, mpp), mpp) < 0.22


def test_the_score_does_not_depend_on_the_pixel_size() -> None:
    scores = [focus_score(draw_nuclei(mpp, side_um=256.0), mpp) for mpp in (0.25, 0.5, 1.0)]

    assert max(scores) < 1.1 * min(scores)


def test_the_score_does_not_depend_on_how_strong_the_stain_is() -> None:
    image = draw_nuclei(1.0).astype(float)
    pale = 255 - 0.4 * (255 - image)

    assert focus_score(pale, 1.0) == pytest.approx(focus_score(image, 1.0), rel=0.01)


def test_glass_has_no_focus() -> None:
    assert np.isnan(focus_score(np.full((200, 200, 3), 240, np.uint8), 1.0))


def test_half_a_section_out_of_focus_is_half() -> None:
    image = np.full((1500, 2600, 3), 243, np.uint8)
    tissue = np.hstack([draw_nuclei(1.0, 1024.0), blurred(draw_nuclei(1.0, 1024.0, seed=1), 3.0, 1.0)])
    image[250:1274, 250:2298] = tissue
    slide = slide_from_array(image, mpp=1.0)
    (section,) = find_sections(slide)

    quality = measure_focus(slide, section)

    assert quality.n_tiles > 15
    assert quality.out_of_focus == pytest.approx(0.5, abs=0.1)


def test_the_blurred_half_of_a_section_is_excluded() -> None:
    image = np.full((1300, 2300, 3), 243, np.uint8)
    image[130:1154, 130:2178] = np.hstack([draw_nuclei(1.0, 1024.0), draw_nuclei(1.0, 1024.0, seed=1)])
    image[:, 1154:] = blurred(image, 3.0, 1.0)[:, 1154:]
    slide = slide_from_array(image, mpp=1.0)
    (section,) = find_sections(slide)

    marked = mark_blur(slide, section)

    assert marked.excluded is not None
    assert marked.flags == (*section.flags, "partly_out_of_focus")
    blur = marked.excluded == Exclusion.BLUR
    middle = section.mask.shape[1] // 2
    assert blur[:, middle:][section.mask[:, middle:]].mean() > 0.6
    assert blur[:, :middle][section.mask[:, :middle]].mean() < 0.15


def test_a_section_that_is_unsharp_everywhere_is_flagged_and_kept() -> None:
    image = np.full((900, 900, 3), 243, np.uint8)
    image[150:750, 150:750] = draw_nuclei(1.0, 600.0)
    slide = slide_from_array(blurred(image, 3.0, 1.0), mpp=1.0)
    (section,) = find_sections(slide)

    marked = mark_blur(slide, section)

    assert marked.flags == (*section.flags, "out_of_focus")
    assert marked.excluded is section.excluded


def test_few_tiles_are_enough_and_no_more_are_read() -> None:
    image = np.full((900, 1500, 3), 243, np.uint8)
    image[200:700, 200:1300] = np.tile(draw_nuclei(1.0), (1, 3, 1))[:500, :1100]
    slide = slide_from_array(image, mpp=1.0)
    (section,) = find_sections(slide)

    assert measure_focus(slide, section, max_tiles=2).n_tiles == 2
    with pytest.raises(InvalidArgument, match="max_tiles"):
        measure_focus(slide, section, max_tiles=0)


def test_a_coarse_slide_is_not_judged() -> None:
    image = np.full((500, 500, 3), 243, np.uint8)
    image[100:400, 100:400] = (200, 120, 170)
    slide = slide_from_array(image, mpp=4.0)
    (section,) = find_sections(slide)

    quality = measure_focus(slide, section)

    assert quality.n_tiles == 0
    assert np.isnan(quality.out_of_focus)


@pytest.mark.parametrize(("mpp", "error"), [(2.0, InvalidArgument), (0.0, MissingPixelSize), (-1.0, MissingPixelSize)])
def test_a_resolution_without_detail_is_refused(mpp: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        focus_score(np.zeros((10, 10)), mpp)
