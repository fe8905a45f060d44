from __future__ import annotations

import numpy as np
import pytest

from histo.errors import InvalidArgument, MissingPixelSize
from histo.junction_maps import JunctionMaps

INVALID_MAPS = [
    ({"centreline": np.zeros((2, 3, 1))}, "two-dimensional"),
    ({"present": np.zeros((0, 3))}, "filled"),
    ({"centreline": np.zeros((2, 3), int)}, "int64"),
    ({"centreline": np.full((2, 3), 1.01)}, "0 to 1"),
    ({"present": np.full((2, 3), -0.01)}, "0 to 1"),
    ({"present": np.full((2, 3), np.nan)}, "0 to 1"),
    ({"present": np.zeros((3, 2))}, "differ in shape"),
    ({"mpp": 0.0}, "positive"),
    ({"mpp": None}, "positive"),
]


@pytest.mark.parametrize(("changed", "message"), INVALID_MAPS)
def test_what_are_no_junction_maps_is_refused(changed: dict, message: str) -> None:
    with pytest.raises((InvalidArgument, MissingPixelSize), match=message):
        JunctionMaps(**{"centreline": np.zeros((2, 3)), "present": np.zeros((2, 3)), "mpp": 0.2} | changed)


def test_masks_drawn_by_hand_become_maps() -> None:
    drawn = np.eye(4, dtype=bool)
    maps = JunctionMaps(drawn, ~drawn, mpp=0.1)
    assert maps.centreline.dtype == maps.present.dtype == np.float32
    assert maps.shape == (4, 4)
    assert maps.centreline.sum() == 4
    assert maps.present.sum() == 12


def test_maps_say_who_made_them_and_those_of_a_hand_nobody() -> None:
    drawn = np.eye(3, dtype=bool)
    assert JunctionMaps(drawn, drawn, 0.1).seen_by == ""
    assert JunctionMaps(drawn, drawn, 0.1, seen_by="junctions-v1").seen_by == "junctions-v1"
