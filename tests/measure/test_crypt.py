from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from histo import Compartment, LabelMap
from histo.measure import measure_crypts
from histo.types import Exclusion

Draw = Callable[..., Any]


@pytest.mark.parametrize("mpp", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("turn_deg", [0.0, 30.0])
def test_depth_and_width_are_those_drawn_at_any_pixel_size_and_turn(draw: Draw, mpp: float, turn_deg: float) -> None:
    drawing = draw(length_um=450.0, villus_height_um=150.0, turn_deg=turn_deg)
    crypts = measure_crypts(drawing.labels(mpp))
    assert len(crypts) == drawing.n_villi - 1
    assert crypts["is_accepted"].all()
    assert crypts["crypt_depth_um"].to_numpy() == pytest.approx(drawing.crypt_depth_um, rel=0.02)
    # A crypt 17 pixels wide that lies along the pixels is drawn up to one pixel off.
    assert crypts["crypt_width_um"].to_numpy() == pytest.approx(drawing.crypt_width_um, abs=max(1.0, 1.01 * mpp))


def _zone(draw_on: Callable[[np.ndarray], None]) -> LabelMap:
    array = np.zeros((400, 600), dtype=np.uint8)
    array[150:300] = Compartment.LAMINA_PROPRIA
    array[300:350] = Compartment.SUBMUCOSA
    draw_on(array)
    return LabelMap(array, mpp=1.0)


def test_a_crypt_cut_across_is_tangential() -> None:
    def draw_on(array: np.ndarray) -> None:
        row, col = np.indices(array.shape)
        array[np.hypot(row - 240, col - 300) < 18] = Compartment.CRYPT

    assert measure_crypts(_zone(draw_on))["reject_reason"].tolist() == ["tangential"]


def test_a_long_crypt_that_ends_below_the_junction_has_no_junction() -> None:
    def draw_on(array: np.ndarray) -> None:
        array[190:280, 280:314] = Compartment.CRYPT

    crypts = measure_crypts(_zone(draw_on))
    assert crypts["reject_reason"].tolist() == ["no_junction"]
    assert crypts["crypt_depth_um"].iloc[0] == pytest.approx(90, rel=0.03)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
@pytest.mark.parametrize(("bottom", "reason"), [(222, "incomplete"), (275, "")])
def test_a_crypt_that_ends_far_above_the_wall_is_a_piece(bottom: int, reason: str, mpp: float) -> None:
    def draw_on(array: np.ndarray) -> None:
        array[150:bottom, 280:314] = Compartment.CRYPT

    crypts = measure_crypts(_at(_zone(draw_on), mpp))
    assert crypts["reject_reason"].tolist() == [reason]


def test_without_a_wall_beneath_a_crypt_is_judged_by_its_neighbours() -> None:
    def draw_on(array: np.ndarray) -> None:
        array[300:] = Compartment.BACKGROUND
        for left, bottom in ((60, 250), (140, 260), (220, 190), (300, 255)):
            array[150:bottom, left : left + 34] = Compartment.CRYPT

    crypts = measure_crypts(_zone(draw_on)).sort_values("mouth_col")
    assert crypts["reject_reason"].tolist() == ["", "", "tangential", ""]


def test_shallow_crypts_without_a_wall_are_not_all_rejected() -> None:
    def draw_on(array: np.ndarray) -> None:
        array[300:] = Compartment.BACKGROUND
        for left in (60, 140, 220):
            array[150:205, left : left + 34] = Compartment.CRYPT

    assert measure_crypts(_zone(draw_on))["is_accepted"].all()


def test_a_wall_that_may_lie_under_an_exclusion_rejects_nothing() -> None:
    def draw_on(array: np.ndarray) -> None:
        array[150:222, 280:314] = Compartment.CRYPT

    labels = _zone(draw_on)
    excluded = np.zeros(labels.shape, dtype=np.uint8)
    excluded[235:290, 250:350] = Exclusion.PEN
    hidden = LabelMap(labels.array, mpp=labels.mpp, excluded=excluded)
    assert measure_crypts(hidden)["reject_reason"].tolist() == [""]


@pytest.mark.parametrize("mpp", [1.0, 2.0])
@pytest.mark.parametrize(
    ("rows", "cols", "reason"),
    [
        ((180, 220), (314, 360), ""),
        ((140, 290), (314, 360), "cut_at_border"),
        ((255, 290), (314, 360), "cut_at_border"),
        ((100, 165), (270, 330), "cut_at_border"),
    ],
    ids=["grazes a side", "hides a side", "beside the base", "over the mouth"],
)
def test_an_exclusion_rejects_a_crypt_if_it_may_hide_an_end_or_most_of_a_side(
    rows: tuple[int, int], cols: tuple[int, int], reason: str, mpp: float
) -> None:
    def draw_on(array: np.ndarray) -> None:
        array[150:275, 280:314] = Compartment.CRYPT

    labels = _zone(draw_on)
    excluded = np.zeros(labels.shape, dtype=np.uint8)
    excluded[slice(*rows), slice(*cols)] = Exclusion.PEN
    crypts = measure_crypts(_at(LabelMap(labels.array, mpp=labels.mpp, excluded=excluded), mpp))
    assert crypts["reject_reason"].tolist() == [reason]
    if not reason:
        assert crypts["crypt_depth_um"].iloc[0] == pytest.approx(125, rel=0.02)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_whole_crypts_among_many_narrow_pieces_are_not_taken_for_two(mpp: float) -> None:
    def draw_on(array: np.ndarray) -> None:
        for left in (60, 220, 380):
            array[150:285, left : left + 36] = Compartment.CRYPT
        for left in range(110, 590, 20):
            if not (array[:, left - 4 : left + 18] == Compartment.CRYPT).any():
                array[195:275, left : left + 14] = Compartment.CRYPT

    crypts = measure_crypts(_at(_zone(draw_on), mpp))
    pieces = crypts["crypt_area_um2"] < 2000
    assert pieces.sum() > 10
    assert set(crypts.loc[pieces, "reject_reason"]) == {"no_junction"}
    assert crypts.loc[~pieces, "crypt_depth_um"].to_numpy() == pytest.approx([135] * 3, rel=0.02)
    assert crypts.loc[~pieces, "reject_reason"].tolist() == [""] * 3


def _at(labels: LabelMap, mpp: float) -> LabelMap:
    """Show the same with larger pixels."""
    step = round(mpp / labels.mpp)
    excluded = None if labels.excluded is None else np.ascontiguousarray(labels.excluded[::step, ::step])
    return LabelMap(np.ascontiguousarray(labels.array[::step, ::step]), mpp=mpp, excluded=excluded)


def test_a_mouth_closed_by_a_thin_bridge_is_still_measured_to_the_junction() -> None:
    def draw_on(array: np.ndarray) -> None:
        array[160:280, 280:314] = Compartment.CRYPT

    crypts = measure_crypts(_zone(draw_on))
    assert crypts["is_accepted"].tolist() == [True]
    assert crypts["crypt_depth_um"].iloc[0] == pytest.approx(130, rel=0.03)


def test_crypts_that_touch_at_one_place_are_parted() -> None:
    def draw_on(array: np.ndarray) -> None:
        for left in (240, 280, 320):
            array[150:270, left : left + 34] = Compartment.CRYPT
        array[200:210, 240:354] = Compartment.CRYPT

    crypts = measure_crypts(_zone(draw_on))
    assert len(crypts) == 3
    assert crypts["crypt_depth_um"].to_numpy() == pytest.approx(120, rel=0.03)


def test_a_crypt_twice_as_broad_as_its_neighbours_is_two() -> None:
    def draw_on(array: np.ndarray) -> None:
        for left in (60, 130, 200, 270, 340):
            array[150:270, left : left + 34] = Compartment.CRYPT
        array[150:270, 420:488] = Compartment.CRYPT

    crypts = measure_crypts(_zone(draw_on))
    assert len(crypts) == 7
    assert crypts["crypt_depth_um"].to_numpy() == pytest.approx(120, rel=0.03)


def test_the_lumen_of_a_crypt_belongs_to_it() -> None:
    def draw_on(array: np.ndarray) -> None:
        array[150:270, 280:314] = Compartment.CRYPT
        array[165:255, 295:299] = Compartment.BACKGROUND

    crypts = measure_crypts(_zone(draw_on))
    assert crypts["crypt_area_um2"].to_numpy() == pytest.approx(120 * 34, rel=0.02)
    assert crypts["crypt_width_um"].to_numpy() == pytest.approx(34, abs=1)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_widths_and_outline_are_those_of_a_tube_with_a_round_base(draw: Draw, mpp: float) -> None:
    drawing = draw(length_um=600.0, crypt_width_um=40.0)
    crypts = measure_crypts(drawing.labels(mpp))
    for column in ("crypt_width_20_um", "crypt_width_um"):
        assert crypts[column].to_numpy() == pytest.approx(40.0, abs=1.01 * max(1.0, mpp))
    # Four fifths down, the round base has begun: half the chord at 80 of 100 µm is all of the radius of 20.
    assert crypts["crypt_width_80_um"].to_numpy() == pytest.approx(40.0, abs=2.5)
    outline = 2 * (drawing.crypt_depth_um - 20) + np.pi * 20
    assert crypts["crypt_perimeter_um"].to_numpy() == pytest.approx(outline, rel=0.05)


def test_low_probability_lowers_confidence_and_then_rejects(draw: Draw) -> None:
    array = draw(length_um=500.0).labels(2.0).array
    by_probability = {
        value: measure_crypts(LabelMap(array, mpp=2.0, confidence=np.full(array.shape, value, dtype=np.uint8)))
        for value in (255, 200, 120)
    }
    assert by_probability[255]["confidence"].min() > 0.8
    assert by_probability[200]["confidence"].max() < by_probability[255]["confidence"].min()
    assert by_probability[200]["is_accepted"].all()
    assert set(by_probability[120]["reject_reason"]) == {"low_confidence"}


def test_base_lies_towards_the_wall_and_mouth_towards_the_lumen(draw: Draw) -> None:
    crypts = measure_crypts(draw(length_um=500.0).labels(1.0))
    assert (crypts["base_row"] < crypts["mouth_row"]).all()
