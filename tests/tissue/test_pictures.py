"""Pictures of sections with what hides them: drawn ones of known truth, and real ones looked at by eye."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from histo.io import Slide, slide_from_array
from histo.phantom import SectionSpec, draw_section
from histo.tissue import find_sections, survey_slide
from histo.types import Exclusion

Picture = NDArray[np.uint8]

# µm/px are estimates from nuclei.
SEEN = [
    ("tissuedeck_smallbowel_2.jpg", 1.16, {Exclusion.PANEL: 5, Exclusion.POINTER: 3}),
    ("tissuedeck_smallbowel_3.jpg", 0.58, {Exclusion.PANEL: 7, Exclusion.POINTER: 5}),
    ("hya_wall_4x_labelled.jpg", 1.6, {Exclusion.PANEL: 1, Exclusion.TEXT: 6}),
    ("abdo_jejunum_2281x1585.jpg", 1.9, {Exclusion.PANEL: 1, Exclusion.CONTROL: 3}),
    ("md015_Ileum.jpg", 4.8, {Exclusion.VIGNETTE: 1, Exclusion.POINTER: 1}),
    ("unlv_jejunum_40x_arrow_1477.png", 0.37, {Exclusion.VIGNETTE: 1, Exclusion.POINTER: 1}),
    ("histovoid_jejunum_fullwall_pointer_736x981.jpg", 6.7, {Exclusion.VIGNETTE: 1, Exclusion.POINTER: 1}),
    ("qiepian_duodenum_clean_1000x930.jpg", 1.7, {}),
]
DRAWN_ON = (Exclusion.PANEL, Exclusion.CONTROL, Exclusion.TEXT, Exclusion.POINTER, Exclusion.PEN, Exclusion.VIGNETTE)


def real_slide(folder: Path, name: str, mpp: float) -> Slide:
    bgr = cv2.imread(str(folder / "he-structure" / name))
    return slide_from_array(np.ascontiguousarray(bgr[..., ::-1]), mpp=mpp)


def on_glass(*pieces: Picture) -> Picture:
    """Lay pictures side by side, half a millimetre of glass of 4 µm/px between."""
    rows = max(piece.shape[0] for piece in pieces) + 250
    parts = []
    for piece in pieces:
        glass = np.full((rows, piece.shape[1] + 125, 3), np.median(piece[:5], axis=(0, 1)), np.uint8)
        glass[125 : 125 + piece.shape[0], : piece.shape[1]] = piece
        parts.append(glass)
    return np.hstack([parts[0][:, :0], np.full((rows, 125, 3), parts[0][0, 0], np.uint8), *parts])


@pytest.fixture(scope="module")
def ring() -> Picture:
    return draw_section(SectionSpec.mouse("ring"), mpp=4.0, seed=1).image


def test_a_roll_is_one_section_and_not_one_for_each_turn(ring: Picture) -> None:
    roll = SectionSpec.mouse("roll")
    roll = replace(roll, wall=replace(roll.wall, length_um=min(roll.wall.length_um, 18_000.0)))
    drawn = draw_section(roll, mpp=4.0, seed=2)

    sections = find_sections(slide_from_array(on_glass(ring, drawn.image), mpp=4.0))

    assert [section.id for section in sections] == ["s1", "s2"]
    true_mm2 = np.count_nonzero(drawn.labels.array) * (4.0 / 1000) ** 2
    assert sections[1].area_mm2 == pytest.approx(true_mm2, rel=0.12)


def test_the_window_of_a_ring_holds_its_lumen(ring: Picture) -> None:
    (section,) = find_sections(slide_from_array(on_glass(ring), mpp=4.0))

    middle = tuple(side // 2 for side in section.mask.shape)
    assert not section.mask[middle]
    assert section.excluded is not None
    assert not Exclusion.hidden_in(section.excluded).any()


def test_a_pen_stroke_over_a_ring_is_excluded_with_its_area(ring: Picture) -> None:
    image = on_glass(ring)
    before = image.copy()
    cv2.line(image, (60, 100), (image.shape[1] - 60, 400), (30, 60, 190), 30)
    drawn = (image != before).any(axis=2)

    (section,) = find_sections(slide_from_array(image, mpp=4.0))

    assert "ink" in section.flags
    assert section.excluded is not None
    pen_mm2 = np.count_nonzero(section.excluded == Exclusion.PEN) * (section.mask_mpp / 1000) ** 2
    window = drawn[section.row : section.row + section.height, section.col : section.col + section.width]
    assert pen_mm2 == pytest.approx(np.count_nonzero(window) * 0.004**2, rel=0.15)


def test_a_caption_over_the_tissue_does_not_become_tissue(ring: Picture) -> None:
    image = on_glass(ring)
    rows, cols = (side // 2 for side in image.shape[:2])
    image[rows - 160 : rows - 120, cols - 60 : cols + 60] = 255
    cv2.rectangle(image, (cols - 60, rows - 160), (cols + 59, rows - 121), (0, 0, 0), 1)
    cv2.putText(image, "Villus", (cols - 50, rows - 130), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)

    survey = survey_slide(slide_from_array(image, mpp=4.0))

    panels = [item for item in survey.excluded if item.reason is Exclusion.PANEL]
    assert len(panels) == 1
    assert panels[0].area_mm2 == pytest.approx(48 * 128 * 0.004**2, rel=0.1)
    assert (panels[0].row, panels[0].col) == pytest.approx((rows - 140, cols), abs=6)


@pytest.mark.parametrize(("name", "mpp", "expected"), SEEN, ids=[name.split(".")[0] for name, _, _ in SEEN])
def test_real_pictures_show_the_specimen_and_what_hides_it(real_data: Path, name, mpp, expected) -> None:
    survey = survey_slide(real_slide(real_data, name, mpp))

    assert len(survey.sections) == 1
    found = [item.reason for item in survey.excluded]
    for reason in DRAWN_ON:
        if reason in expected:
            assert found.count(reason) >= expected[reason], reason
    if not expected:
        assert not set(found) & set(DRAWN_ON)
