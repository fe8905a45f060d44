from __future__ import annotations

import numpy as np
import pytest

from histo.junction_maps import JunctionMaps
from histo.train.junction.evaluation import COURSE, GAPS, STAINED, judge_junction_maps, junction_table
from histo.train.junction.field import JunctionField
from histo.train.junction.truth import truth_of_lines


def make_field(*, has_gaps: bool = True) -> JunctionField:
    """A level line 100 px long in row 20, the last 30 px a gap; right of column 100 nothing is known."""
    lines = np.zeros((40, 120), bool)
    lines[20, :100] = True
    gaps = lines.copy()
    gaps[:, :70] = False
    is_known = np.zeros_like(lines)
    is_known[:, :100] = True
    truth = truth_of_lines(
        lines, 0.2, stained=lines & ~gaps if has_gaps else None, gaps=gaps if has_gaps else None, is_known=is_known
    )
    return JunctionField("toy", "one", 0.2, np.zeros(lines.shape, np.uint8), truth)


def make_maps(row: int, stained_to: int) -> JunctionMaps:
    centreline = np.zeros((40, 120), np.float32)
    centreline[row] = 0.9
    present = np.zeros_like(centreline)
    present[:, :stained_to] = 0.9
    return JunctionMaps(centreline, present, 0.2)


def test_the_truth_is_found_whole() -> None:
    agreements = judge_junction_maps(make_maps(20, 70), make_field()).agreements
    assert {what: round(entry.dice, 2) for what, entry in agreements.items()} == {COURSE: 1.0, STAINED: 1.0, GAPS: 1.0}
    assert agreements[COURSE].n_true == 100
    assert agreements[GAPS].n_true == 30


@pytest.mark.parametrize(("off", "dice"), [(3, 1.0), (4, 0.0)])
def test_a_line_three_pixels_off_is_right_and_one_four_pixels_off_is_not(off: int, dice: float) -> None:
    assert judge_junction_maps(make_maps(20 + off, 70), make_field()).agreements[COURSE].dice == dice


def test_a_gap_that_is_seen_half_has_half_the_recall() -> None:
    gaps = judge_junction_maps(make_maps(20, 85), make_field()).agreements[GAPS]
    assert (gaps.recall, gaps.precision) == (0.5, 1.0)


def test_what_a_set_does_not_say_is_not_judged() -> None:
    assert set(judge_junction_maps(make_maps(20, 70), make_field(has_gaps=False)).agreements) == {COURSE}


def test_pictures_of_a_set_are_added_up() -> None:
    nothing = JunctionMaps(np.zeros((40, 120)), np.zeros((40, 120)), 0.2)
    judged = [judge_junction_maps(maps, make_field()) for maps in (make_maps(20, 70), nothing)]
    table = junction_table(judged).set_index("what")
    assert table.loc[COURSE, ["recall", "precision", "n_true_px", "n_pictures"]].tolist() == [0.5, 1.0, 200, 2]
    assert judged[1].agreements[COURSE].dice == 0.0
