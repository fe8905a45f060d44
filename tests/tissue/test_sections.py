from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from histo.errors import InvalidArgument, NoTissue
from histo.tissue import find_sections, survey_slide
from histo.types import Exclusion

GLASS = (243, 242, 240)
TISSUE = (205, 120, 175)


@dataclass
class ArraySlide:
    """The least that a slide must have, and a record of how finely it was read."""

    image: NDArray[np.uint8]
    mpp: float
    is_brightfield: bool = True
    finest_read: float = float("inf")

    @property
    def shape(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]

    def read(self, row: int, col: int, height: int, width: int, mpp: float | None = None) -> NDArray[np.uint8]:
        self.finest_read = min(self.finest_read, mpp or self.mpp)
        factor = (mpp or self.mpp) / self.mpp
        part = self.image[row : row + round(height * factor), col : col + round(width * factor)]
        return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)


def draw_rings(centres_um, mpp: float, size_um=(12_000, 16_000), radius_um=800, wall_um=300) -> NDArray[np.uint8]:
    rows, cols = (round(side / mpp) for side in size_um)
    image = np.full((rows, cols, 3), GLASS, dtype=np.uint8)
    for row, col in centres_um:
        at = (round(col / mpp), round(row / mpp))
        cv2.circle(image, at, round(radius_um / mpp), TISSUE, round(wall_um / mpp))
    return image


CENTRES = [(2000, 2000), (2300, 6000), (1800, 10_000), (6000, 2500), (6400, 6500), (9800, 2000), (9600, 13_000)]


@pytest.mark.parametrize("mpp", [4.0, 8.0])
def test_each_ring_is_a_section_in_reading_order(mpp: float) -> None:
    sections = find_sections(ArraySlide(draw_rings(CENTRES, mpp), mpp))

    assert [section.id for section in sections] == ["s1", "s2", "s3", "s4", "s5", "s6", "s7"]
    centres = [(s.row + s.height / 2, s.col + s.width / 2) for s in sections]
    np.testing.assert_allclose(np.array(centres) * mpp, CENTRES, atol=25)


@pytest.mark.parametrize("mpp", [4.0, 8.0])
def test_area_in_mm2_does_not_depend_on_the_pixel_size(mpp: float) -> None:
    section = find_sections(ArraySlide(draw_rings([(3000, 3000)], mpp, size_um=(6000, 6000)), mpp))[0]

    true_mm2 = np.pi * (0.95**2 - 0.65**2)
    assert section.area_mm2 == pytest.approx(true_mm2, rel=0.06)


def test_the_window_has_a_margin_and_the_mask_fits_it() -> None:
    section = find_sections(ArraySlide(draw_rings([(1500, 1500)], 2.0, size_um=(3000, 3000)), 2.0))[0]

    assert section.row * 2.0 == pytest.approx(1500 - 950 - 100, abs=30)
    assert section.height * 2.0 == pytest.approx(2 * (950 + 100), abs=40)
    scale = section.mask_mpp / 2.0
    assert section.mask.shape == pytest.approx((section.height / scale, section.width / scale), abs=1)


def test_debris_in_the_lumen_and_fat_beside_the_ring_belong_to_it() -> None:
    image = draw_rings([(3000, 3000)], 4.0, size_um=(6000, 6000))
    cv2.circle(image, (750, 750), 20, TISSUE, -1)
    cv2.circle(image, (750 + 300, 750), 25, TISSUE, -1)

    sections = find_sections(ArraySlide(image, 4.0))

    assert len(sections) == 1
    assert (sections[0].col + sections[0].width) * 4.0 > (1050 + 25) * 4.0


def test_two_strips_a_quarter_millimetre_apart_stay_two() -> None:
    image = np.full((1000, 2000, 3), GLASS, dtype=np.uint8)
    image[300:500, 200:1800] = TISSUE
    image[560:760, 200:1800] = TISSUE

    assert len(find_sections(ArraySlide(image, 4.0))) == 2


def test_a_cracked_strip_is_one_section() -> None:
    image = np.full((1000, 2000, 3), GLASS, dtype=np.uint8)
    image[300:500, 200:1800] = TISSUE
    image[300:500, 995:1005] = GLASS

    assert len(find_sections(ArraySlide(image, 4.0))) == 1


def test_a_field_filled_with_tissue_is_one_section() -> None:
    image = np.full((900, 1200, 3), GLASS, dtype=np.uint8)
    image[:300] = TISSUE
    image[500:] = TISSUE

    (section,) = find_sections(ArraySlide(image, 1.0))

    assert section.flags[:2] == ("field_of_view", "cut_at_border")
    assert (section.row, section.col, section.height, section.width) == (0, 0, 900, 1200)


def test_everything_left_out_has_a_reason_and_an_area() -> None:
    image = draw_rings([(3000, 3000)], 4.0, size_um=(8000, 16_000))
    cv2.circle(image, (3000, 500), 15, (130, 130, 130), -1)
    cv2.circle(image, (3000, 1000), 15, TISSUE, -1)
    cv2.line(image, (2000, 1500), (3500, 1700), (30, 60, 190), 40)  # 6.05 mm long, 0.16 mm wide
    image[:, -8:] = (150, 120, 150)

    survey = survey_slide(ArraySlide(image, 4.0))

    assert len(survey.sections) == 1
    by_reason = {item.reason: item for item in survey.excluded}
    assert set(by_reason) == {Exclusion.DUST, Exclusion.DETACHED, Exclusion.PEN, Exclusion.SCAN_EDGE}
    assert by_reason[Exclusion.DETACHED].area_mm2 == pytest.approx(np.pi * 0.06**2, rel=0.4)
    assert (by_reason[Exclusion.DETACHED].row, by_reason[Exclusion.DETACHED].col) == pytest.approx((1000, 3000), abs=4)
    assert by_reason[Exclusion.PEN].area_mm2 == pytest.approx(6.05 * 0.16, rel=0.2)


def test_a_slide_is_read_no_finer_than_the_overview() -> None:
    slide = ArraySlide(draw_rings(CENTRES[:1], 2.0, size_um=(8200, 8200)), 2.0)

    find_sections(slide)

    assert slide.finest_read == 8.0


def test_an_overview_stays_small_on_a_huge_slide() -> None:
    class HugeSlide:
        shape = (400_000, 400_000)
        mpp = 0.25
        is_brightfield = True

        def read(self, row: int, col: int, height: int, width: int, mpp: float | None = None) -> NDArray[np.uint8]:
            assert height * width < 6_100_000
            return np.full((height, width, 3), GLASS, dtype=np.uint8)

    assert survey_slide(HugeSlide()).sections == ()


def test_an_empty_slide_says_what_was_found_instead() -> None:
    image = np.full((2000, 2000, 3), GLASS, dtype=np.uint8)
    cv2.circle(image, (900, 900), 15, TISSUE, -1)

    with pytest.raises(NoTissue, match=r"1 x detached.*--mpp.*find_sections\(slide, min_area_mm2=") as error:
        find_sections(ArraySlide(image, 4.0))
    assert "min_area_mm2" not in str(error.value).split("in Python")[0]
    assert len(find_sections(ArraySlide(image, 4.0), min_area_mm2=0.005)) == 1


@pytest.mark.parametrize(("mpp", "area"), [(0.0, 0.3), (8.0, -1.0), (float("nan"), 0.3)])
def test_nonsense_settings_are_refused(mpp: float, area: float) -> None:
    with pytest.raises(InvalidArgument, match="positive"):
        survey_slide(ArraySlide(draw_rings([], 8.0), 8.0), mpp=mpp, min_area_mm2=area)


def test_nine_mouse_rings_are_nine_sections(real_data) -> None:
    bgr = cv2.imread(str(real_data / "he-structure" / "mouse_gut_9rings_thumb_1687x1319.png"))

    sections = find_sections(ArraySlide(np.ascontiguousarray(bgr[..., ::-1]), 8.0))

    assert len(sections) == 9
    # Two rings, then three, then four, as they lie on the slide.
    assert np.all(np.diff([s.col for s in sections])[[0, 2, 3, 5, 6, 7]] > 0)
    assert all(1.0 < section.area_mm2 < 3.0 for section in sections)
