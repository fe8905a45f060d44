"""Tissue of DAB slides, which the search for tissue on H&E misreads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from histo.batch.tissue_map import believe_dark_tissue, map_tissue
from histo.io import slide_from_array
from histo.tissue import Section
from histo.types import Compartment, Exclusion


def _section(*flags: str) -> Section:
    """Tissue on the left, glass on the right; on the tissue a patch of text, a fold, a stroke of pen; pale between."""
    mask = np.zeros((20, 40), bool)
    mask[:, :20] = True
    excluded = np.zeros(mask.shape, np.uint8)
    excluded[:, 30:] = Exclusion.GLASS
    for place, reason in ((2, Exclusion.TEXT), (8, Exclusion.FOLD), (14, Exclusion.PEN)):
        excluded[place : place + 3, 4:8] = reason
    mask &= ~np.isin(excluded, [Exclusion.TEXT, Exclusion.PEN])
    return Section("s1", 100, 200, 160, 320, 0.1, flags, mask, 2.0, excluded)


def test_dark_cells_are_no_text_and_no_fold_but_pen_stays_pen() -> None:
    found = believe_dark_tissue(_section("ink", "folded", "cut_at_border"))
    assert found.excluded is not None
    assert set(np.unique(found.excluded)) == {Exclusion.NOTHING, Exclusion.PEN, Exclusion.GLASS}
    assert found.mask[2:5, 4:8].all()
    assert not found.mask[14:17, 4:8].any()
    assert not found.mask[:, 20:].any()
    assert found.flags == ("ink", "cut_at_border")
    assert found.area_mm2 == pytest.approx((400 - 12) * 4e-6)


def test_ink_is_not_told_of_where_only_dark_cells_were_taken_for_it() -> None:
    section = _section("ink")
    assert section.excluded is not None
    without_pen = np.where(section.excluded == Exclusion.PEN, np.uint8(0), section.excluded)
    assert believe_dark_tissue(replace(section, excluded=without_pen)).flags == ()


def test_in_a_cut_out_all_is_tissue_that_is_not_surely_empty() -> None:
    found = believe_dark_tissue(_section("field_of_view"))
    assert found.mask[:, 20:30].all()
    assert not found.mask[:, 30:].any()
    assert not found.mask[14:17, 4:8].any()


@pytest.mark.parametrize("mpp", [0.5, 1.0])
def test_the_map_of_tissue_lies_where_its_section_does(mpp: float) -> None:
    section = _section()
    labels = map_tissue(slide_from_array(np.zeros((400, 600, 3), np.uint8), mpp=mpp), section)
    assert labels.area_um2(Compartment.OTHER_TISSUE) == np.count_nonzero(section.mask) * 4
    scale = 2.0 / mpp
    np.testing.assert_allclose(
        labels.to_slide(np.array([[0.0, 0.0]])), [[100 + scale / 2 - 0.5, 200 + scale / 2 - 0.5]]
    )
