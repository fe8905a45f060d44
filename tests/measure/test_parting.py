from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from histo import Compartment, LabelMap
from histo.measure.crypt_instance import separate_crypts
from histo.measure.grid import TissueGrid
from histo.measure.mend import mended_villi
from histo.measure.raster import components
from histo.measure.villus_instance import separate_villi

Array = NDArray[np.uint8]
Numbers = NDArray[np.int32]
Part = Callable[[Array], tuple[Numbers, NDArray[np.bool_]]]

MPP = 2.0
MOVES: dict[str, Callable[[NDArray[np.generic]], NDArray[np.generic]]] = {
    "quarter turn": np.rot90,
    "half turn": lambda array: np.rot90(array, 2),
    "mirror": np.fliplr,
    "mirror of rows": np.flipud,
}


def _part_crypts(array: Array) -> tuple[Numbers, NDArray[np.bool_]]:
    """Numbers of crypts, and the pixels that must have one."""
    instances = separate_crypts(TissueGrid.from_labels(LabelMap(np.ascontiguousarray(array), mpp=MPP)))
    return instances.numbers, instances.share > 127


def _part_villi(array: Array) -> tuple[Numbers, NDArray[np.bool_]]:
    coarse = TissueGrid.from_labels(LabelMap(np.ascontiguousarray(array), mpp=MPP)).coarse()
    share = mended_villi(coarse)
    return separate_villi(coarse, share).numbers, share > 127


@st.composite
def _fingers(draw: st.DrawFn, min_width_um: int, max_width_um: int, min_length: float) -> tuple[int, int, int, float]:
    """How many stand side by side, their width and length in µm, and over what share of the length they touch."""
    width = draw(st.integers(min_width_um // 4, max_width_um // 4)) * 4
    length = draw(st.floats(min_length, 4.5))
    return draw(st.integers(2, 4)), width, int(length * width / 4) * 4, draw(st.floats(0.1, 0.6))


def _mucosa(n: int, pitch_px: int, zone_px: int, villus_px: int) -> Array:
    """Draw glass, crypt zone, wall, from above, with room for `n` fingers of a pitch and as much to either side."""
    array = np.zeros((-(-(villus_px + zone_px + 60) // 4) * 4, -(-(n + 2) * pitch_px // 4) * 4), dtype=np.uint8)
    array[villus_px + 10 :] = Compartment.LAMINA_PROPRIA
    array[villus_px + 10 + zone_px :] = Compartment.SUBMUCOSA
    array[villus_px + 40 + zone_px :] = Compartment.MUSCULARIS
    return array


def _crypts(fingers: tuple[int, int, int, float]) -> Array:
    """Crypts with round bases, slits of stroma between them above, without a slit in the middle third or so."""
    n, width_um, depth_um, touching = fingers
    width, depth = width_um // 2, depth_um // 2
    pitch = width + 3
    array = _mucosa(n, pitch, depth + 15, 40)
    row, col = np.indices(array.shape)
    row = row - 50
    for i in range(n):
        middle = (i + 1.5) * pitch
        is_tube = (np.abs(col + 0.5 - middle) < width / 2) & (row >= 0) & (row < depth - width / 2)
        is_base = np.hypot(col + 0.5 - middle, row - (depth - width / 2)) < width / 2
        array[is_tube | is_base] = Compartment.CRYPT
    first, last = int(depth * (0.5 - touching / 2)), int(depth * (0.5 + touching / 2))
    between = (col >= 1.5 * pitch) & (col < (n + 0.5) * pitch)
    array[between & (row >= first) & (row < min(last, depth - width / 2))] = Compartment.CRYPT
    return array


def _villi(fingers: tuple[int, int, int, float]) -> Array:
    """Villi with round tips that touch along their epithelium over a share of their height."""
    n, width_um, height_um, touching = fingers
    width, height = width_um // 2, height_um // 2
    pitch = width + 4
    array = _mucosa(n, pitch, 60, height + 20)
    row, col = np.indices(array.shape)
    up = height + 30 - row
    for compartment, side in ((Compartment.VILLUS_EPITHELIUM, 0), (Compartment.VILLUS_LAMINA_PROPRIA, 10)):
        for i in range(n):
            middle = (i + 1.5) * pitch
            half = width / 2 - side
            is_trunk = (np.abs(col + 0.5 - middle) < half) & (up > 0) & (up <= height - width / 2)
            is_tip = np.hypot(col + 0.5 - middle, up - (height - width / 2)) < half
            array[is_trunk | (is_tip & (up > 0))] = compartment
    first, last = int(height * 0.2), int(height * (0.2 + touching))
    between = (col >= 1.5 * pitch) & (col < (n + 0.5) * pitch) & (up >= first) & (up < min(last, height - width / 2))
    array[between & (array == Compartment.BACKGROUND)] = Compartment.VILLUS_EPITHELIUM
    return array


def _sizes(numbers: Numbers) -> list[int]:
    return sorted(np.bincount(numbers.ravel())[1:].tolist())


def _check_parts(part: Part, array: Array, n: int) -> None:
    numbers, mask = part(array)
    assert numbers.max() == n
    assert np.array_equal(numbers > 0, mask)
    for number in range(1, n + 1):
        assert len(components(numbers == number)[1]) == 2


@settings(max_examples=15, deadline=None)
@given(_fingers(28, 48, 2.5))
def test_as_many_crypts_are_found_as_were_drawn_touching(fingers: tuple[int, int, int, float]) -> None:
    _check_parts(_part_crypts, _crypts(fingers), fingers[0])


@settings(max_examples=15, deadline=None)
@given(_fingers(80, 120, 2.5))
def test_as_many_villi_are_found_as_were_drawn_touching(fingers: tuple[int, int, int, float]) -> None:
    _check_parts(_part_villi, _villi(fingers), fingers[0])


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize(
    ("part", "array"),
    [(_part_crypts, _crypts((4, 36, 120, 0.4))), (_part_villi, _villi((3, 96, 320, 0.5)))],
    ids=["crypts", "villi"],
)
def test_parts_are_the_same_when_the_map_is_turned_or_mirrored(part: Part, array: Array, move: str) -> None:
    sizes = _sizes(part(array)[0])
    moved = _sizes(part(np.asarray(MOVES[move](array), dtype=np.uint8))[0])
    assert moved == pytest.approx(sizes, rel=0.03)


@settings(max_examples=15, deadline=None)
@given(_fingers(28, 48, 2.5), st.integers(0, 2**32 - 1), st.sampled_from([_part_crypts, _part_villi]))
@example((3, 28, 68, 0.109375), 4, _part_crypts)
def test_parts_of_a_ragged_map_are_connected_and_leave_nothing_out(
    fingers: tuple[int, int, int, float], seed: int, part: Part
) -> None:
    rng = np.random.default_rng(seed)
    n, width, length, touching = fingers
    array = _crypts(fingers) if part is _part_crypts else _villi((n, 2 * width, length, touching))
    rows, cols = np.indices(array.shape)
    # Each block takes the label of one nearby: borders fray as those of a predicted map do.
    shift = rng.integers(-4, 5, size=(2, *(-(-side // 4) for side in array.shape))).repeat(4, axis=1).repeat(4, axis=2)
    rows = np.clip(rows + shift[0, : array.shape[0], : array.shape[1]], 0, array.shape[0] - 1)
    cols = np.clip(cols + shift[1, : array.shape[0], : array.shape[1]], 0, array.shape[1] - 1)
    numbers, mask = part(array[rows, cols])
    assert not (numbers[~mask] > 0).any()
    # Specks are no crypts and no villi.
    labelled, areas = components(mask)
    left_out = np.unique(labelled[mask & (numbers == 0)])
    assert (areas[left_out] < 60).all()
    for number in range(1, int(numbers.max()) + 1):
        assert len(components(numbers == number)[1]) == 2
