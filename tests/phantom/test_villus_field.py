from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo import Compartment
from histo.errors import InvalidArgument, MissingPixelSize
from histo.phantom.villus_field import (
    CutPlane,
    FieldCrypts,
    FieldCut,
    FieldVilli,
    VillusField,
    VillusFieldSpec,
    cut_field,
    draw_villus_field,
)

VILLUS = (Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA)
UPRIGHT = replace(VillusFieldSpec.mouse(), lean_deg=0.0, bend_deg=0.0, side_um=2400.0)


@pytest.fixture(scope="module")
def upright() -> VillusField:
    """A mouse mucosa whose villi stand straight up."""
    return draw_villus_field(UPRIGHT, seed=2)


@pytest.fixture(scope="module")
def natural() -> VillusField:
    """A mouse mucosa whose villi lean and bend."""
    return draw_villus_field(replace(VillusFieldSpec.mouse(), side_um=2400.0), seed=2)


def middle_villus(field: VillusField) -> int:
    return int(np.argmin(np.linalg.norm(field.villi.foot_um, axis=1)))


def through(place_um: np.ndarray, **angles: float) -> CutPlane:
    return CutPlane(through_um=(float(place_um[0]), float(place_um[1])), length_um=400.0, **angles)


def run_um(cut: FieldCut, col: float, *compartments: Compartment) -> float:
    """How much of a column these compartments fill."""
    return float(cut.labels.mask(*compartments)[:, round(col)].sum() * cut.labels.mpp)


@pytest.mark.parametrize("mpp", [0.5, 2.0])
@pytest.mark.parametrize("azimuth_deg", [0.0, 40.0, 90.0])
def test_perpendicular_cut_through_an_axis_shows_the_true_height(
    upright: VillusField, mpp: float, azimuth_deg: float
) -> None:
    index = middle_villus(upright)
    cut = cut_field(upright, through(upright.villi.foot_um[index], azimuth_deg=azimuth_deg), mpp=mpp)
    shown = run_um(cut, cut.labels.shape[1] / 2 - 0.5, *VILLUS)
    assert shown == pytest.approx(upright.villi.height_um[index], abs=mpp)


@pytest.mark.parametrize("mpp", [0.5, 2.0])
def test_ends_of_an_axis_in_the_plane_lie_on_the_borders_of_the_villus(upright: VillusField, mpp: float) -> None:
    index = middle_villus(upright)
    cut = cut_field(upright, through(upright.villi.foot_um[index]), mpp=mpp)
    true = cut.villi[cut.villi.villus_id == f"v{index + 1}"].iloc[0]
    column = np.flatnonzero(cut.labels.mask(*VILLUS)[:, round(true.tip_col)])
    assert true.axis_off_um == pytest.approx(0, abs=1e-9)
    assert true.tip_row == pytest.approx(column.min() - 0.5, abs=1)
    assert true.base_row == pytest.approx(column.max() + 0.5, abs=1)
    assert (true.base_row - true.tip_row) * mpp == pytest.approx(true.villus_height_um)


@pytest.mark.parametrize("mpp", [0.5, 2.0])
def test_perpendicular_cut_through_a_straight_crypt_shows_the_true_depth(upright: VillusField, mpp: float) -> None:
    crypts = upright.crypts
    is_straight = np.linalg.norm((crypts.mouth_um - crypts.base_um)[:, :2], axis=1) < 1e-9
    index = int(np.flatnonzero(is_straight & (np.abs(crypts.mouth_um[:, :2]).max(axis=1) < 300))[0])
    cut = cut_field(upright, through(crypts.mouth_um[index]), mpp=mpp)
    shown = run_um(cut, cut.labels.shape[1] / 2 - 0.5, Compartment.CRYPT)
    assert shown == pytest.approx(crypts.depth_um[index], abs=mpp)


@pytest.mark.parametrize("mpp", [0.5, 2.0])
def test_epithelium_is_as_thick_as_asked_for_at_the_side_and_at_the_tip(upright: VillusField, mpp: float) -> None:
    index = middle_villus(upright)
    cut = cut_field(upright, through(upright.villi.foot_um[index]), mpp=mpp)
    true = cut.villi[cut.villi.villus_id == f"v{index + 1}"].iloc[0]
    row, col = round(0.5 * (true.tip_row + true.base_row)), round(true.tip_col)
    column = cut.labels.array[:, col]
    at_tip = np.flatnonzero(column == Compartment.VILLUS_LAMINA_PROPRIA).min() - np.flatnonzero(column > 0).min()
    level = cut.labels.array[row, col:]
    at_side = np.argmin(level != Compartment.BACKGROUND) - np.argmin(level == Compartment.VILLUS_LAMINA_PROPRIA)
    assert at_tip * mpp == pytest.approx(UPRIGHT.epithelium_um, abs=mpp)
    assert at_side * mpp == pytest.approx(UPRIGHT.epithelium_um, abs=mpp)


@settings(max_examples=12, deadline=None)
@given(oblique=st.floats(-70, 70), azimuth=st.floats(0, 360))
def test_layers_grow_by_one_over_the_cosine(oblique: float, azimuth: float) -> None:
    spec = replace(UPRIGHT, villus_height_um=120.0, side_um=2000.0)
    none, flat, space = np.zeros(0), np.zeros((0, 2)), np.zeros((0, 3))
    bare = VillusField(spec, FieldVilli(flat, flat, flat, none, none, none, flat), FieldCrypts(space, space, none))
    cut = cut_field(bare, CutPlane(oblique, azimuth, length_um=20.0), mpp=1.0)
    for compartment, thickness in (
        (Compartment.MUSCULARIS, spec.muscularis_um),
        (Compartment.SUBMUCOSA, spec.submucosa_um),
        (Compartment.LAMINA_PROPRIA, spec.crypt_zone_um),
    ):
        assert run_um(cut, 0, compartment) == pytest.approx(thickness / np.cos(np.deg2rad(oblique)), abs=1.0)


@pytest.mark.parametrize("oblique_deg", [20.0, 45.0])
def test_oblique_cut_through_a_villus_is_as_long_as_its_width_allows(upright: VillusField, oblique_deg: float) -> None:
    # Halfway up, the plane crosses a straight villus from side to side: width over sine, less what it tapers.
    index = middle_villus(upright)
    villi = upright.villi
    rise = villi.rise_um[index]
    foot = villi.foot_um[index]
    way = villi.ridge_way[index]
    azimuth = np.rad2deg(np.arctan2(way[1], way[0]))
    back = 0.5 * rise * np.tan(np.deg2rad(oblique_deg)) * np.array([-way[1], way[0]])
    cut = cut_field(upright, through(foot - back, oblique_deg=oblique_deg, azimuth_deg=azimuth), mpp=1.0)
    column = cut.labels.mask(*VILLUS)[:, cut.labels.shape[1] // 2]
    zone_row = np.flatnonzero(cut.labels.mask(Compartment.LAMINA_PROPRIA)[:, 0]).min()
    middle = round(zone_row - 0.5 * rise / np.cos(np.deg2rad(oblique_deg)))
    length = np.argmin(column[middle:]) + np.argmin(column[middle::-1]) - 1
    expected = 2 * villi.half_width_um[index] / np.sin(np.deg2rad(oblique_deg))
    assert length == pytest.approx(expected, rel=0.1)


def test_areas_are_the_same_at_another_pixel_size(natural: VillusField) -> None:
    plane = CutPlane(15.0, 30.0, (20.0, -10.0), 900.0)
    fine, rough = (cut_field(natural, plane, mpp=mpp) for mpp in (1.0, 3.0))
    for compartment in (*VILLUS, Compartment.CRYPT, Compartment.MUSCULARIS):
        assert rough.labels.area_um2(compartment) == pytest.approx(fine.labels.area_um2(compartment), rel=0.03)
    # The rougher section is a little higher, to the next whole pixel; what it shows for certain is the same.
    assert set(fine.villi.villus_id) >= set(rough.villi.villus_id)
    joined = fine.villi.merge(rough.villi, on="villus_id", suffixes=("_fine", "_rough"))
    np.testing.assert_allclose(joined.axis_off_um_fine, joined.axis_off_um_rough)
    np.testing.assert_allclose(joined.tip_row_fine + 0.5, 3 * (joined.tip_row_rough + 0.5))


def test_each_label_is_where_its_height_over_the_wall_allows_it(natural: VillusField) -> None:
    spec = natural.spec
    cut = cut_field(natural, CutPlane(40.0, 70.0, length_um=500.0), mpp=2.0)
    top = (spec.highest_um - spec.crypt_zone_um) / np.cos(np.deg2rad(40)) + 40
    rows = np.arange(cut.labels.shape[0])
    height = spec.crypt_zone_um + (top - (rows + 0.5) * 2.0) * np.cos(np.deg2rad(40))
    for compartment, low, high in (
        (Compartment.MUSCULARIS, spec.lowest_um, -spec.submucosa_um),
        (Compartment.SUBMUCOSA, -spec.submucosa_um, 0.0),
        (Compartment.CRYPT, 0.0, spec.crypt_zone_um),
        (Compartment.VILLUS_LAMINA_PROPRIA, spec.crypt_zone_um, spec.highest_um - spec.epithelium_um),
    ):
        where = height[cut.labels.mask(compartment).any(axis=1)]
        assert len(where)
        assert where.min() >= low
        assert where.max() <= high


def test_sections_hold_the_same_share_of_villi_at_every_angle(upright: VillusField) -> None:
    # Delesse: on the average the share of the area is the share of the volume. Planes evenly over four rows of villi.
    def share(oblique_deg: float) -> float:
        slope = np.tan(np.deg2rad(oblique_deg))
        middles = (np.arange(8) - 3.5) * UPRIGHT.side_um / 22 / 2 - 0.5 * UPRIGHT.highest_um * slope
        planes = [CutPlane(oblique_deg, 0.0, (0.0, float(y)), 1600.0) for y in middles]
        area = [cut_field(upright, plane, mpp=4.0).labels.area_um2(*VILLUS) for plane in planes]
        return sum(area) * float(np.cos(np.deg2rad(oblique_deg)))

    assert share(15.0) == pytest.approx(share(45.0), rel=0.03)


def test_true_heights_spread_as_asked_for(natural: VillusField) -> None:
    height = natural.villi.height_um
    assert height.mean() == pytest.approx(420, rel=0.02)
    assert height.std() / height.mean() == pytest.approx(0.08, abs=0.015)
    assert (natural.villi.height_um > natural.villi.rise_um).all(), (
        "an axis that leans is longer than its villus is high"
    )


def test_crypts_open_beside_the_cores_and_stay_above_the_muscularis_mucosae(natural: VillusField) -> None:
    crypts, spec = natural.crypts, natural.spec
    foot = natural.villi.foot_um[middle_villus(natural)]
    near = np.linalg.norm(crypts.mouth_um[:, :2] - foot, axis=1)
    assert near.min() > 0.5 * spec.villus_width_um - spec.epithelium_um
    assert (crypts.base_um[:, 2] > 0).all()
    assert crypts.depth_um.mean() == pytest.approx(spec.crypt_depth_um, rel=0.03)


def test_same_seed_draws_the_same_mucosa() -> None:
    spec = replace(VillusFieldSpec.human(), side_um=900.0)
    one, again, other = (draw_villus_field(spec, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.villi.height_um, again.villi.height_um)
    np.testing.assert_array_equal(one.crypts.base_um, again.crypts.base_um)
    assert not np.array_equal(one.villi.height_um, other.villi.height_um)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"villus_height_um": 0.0}, "villus_height_um=0.0"),
        ({"side_um": -4.0}, "side_um=-4.0"),
        ({"taper": 1.0}, "taper=1.0"),
        ({"lean_deg": 50.0}, "lean_deg=50.0"),
        ({"villus_ridge_um": -1.0}, "villus_ridge_um=-1.0"),
        ({"epithelium_um": 40.0}, "no core"),
    ],
)
def test_impossible_mucosae_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        replace(VillusFieldSpec.mouse(), **change)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CutPlane(oblique_deg=89.0), "oblique_deg=89.0"),
        (lambda: CutPlane(oblique_deg=float("nan")), "oblique_deg=nan"),
        (lambda: CutPlane(length_um=0.0), "more than 0"),
    ],
)
def test_impossible_planes_are_refused(make: object, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        make()  # type: ignore[operator]


def test_planes_that_leave_the_mucosa_and_absent_pixel_sizes_are_refused(upright: VillusField) -> None:
    with pytest.raises(InvalidArgument, match="side_um"):
        cut_field(upright, CutPlane(length_um=3000.0))
    with pytest.raises(InvalidArgument, match="leaves the drawn mucosa"):
        cut_field(upright, CutPlane(oblique_deg=75.0))
    with pytest.raises(MissingPixelSize):
        cut_field(upright, CutPlane(length_um=200.0), mpp=0.0)
