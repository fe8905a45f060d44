from __future__ import annotations

import numpy as np
import pytest

from histo import Compartment, LabelMap
from histo.segmentation import keep_own
from histo.tissue import Section


def square(name: str, row: int, col: int, *, side: int = 40) -> Section:
    """A piece of gut that fills the inner half of its window of 10-pixel mask pixels."""
    mask = np.zeros((side // 10, side // 10), bool)
    mask[1:-1, 1:-1] = True
    return Section(name, row, col, side, side, 1.0, (), mask, 10.0)


def filled(section: Section, mpp: float) -> LabelMap:
    size = round(section.height / mpp), round(section.width / mpp)
    confidence = np.full(size, 200, np.uint8)
    array = np.full(size, Compartment.SUBMUCOSA, np.uint8)
    return LabelMap(array, mpp=mpp, origin=(section.row, section.col), slide_mpp=1.0, confidence=confidence)


@pytest.mark.parametrize("mpp", [0.5, 2.0])
def test_neighbours_share_the_overlap_of_their_windows_without_rest(mpp: float) -> None:
    left, right = square("s1", 0, 0), square("s2", 0, 20)
    halves = [keep_own(filled(one, mpp), one, [other]) for one, other in ((left, right), (right, left))]
    areas = [half.area_um2(Compartment.SUBMUCOSA) for half in halves]
    assert areas[0] == pytest.approx(areas[1], abs=4 * 10 * 10 + 1)
    assert halves[0].array[:, -1].max() == Compartment.BACKGROUND
    assert halves[0].array[:, : round(20 / mpp)].min() == Compartment.SUBMUCOSA


def test_a_piece_alone_keeps_its_map() -> None:
    alone, far = square("s1", 0, 0), square("s2", 500, 500)
    labels = filled(alone, 1.0)
    assert keep_own(labels, alone, [far]) is labels
