from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from histo import Compartment
from histo.errors import InvalidArgument, MissingPixelSize
from histo.phantom import DrawnSection, SectionSpec, draw_section
from histo.phantom.curve import Curve, locate
from histo.phantom.raster import Canvas, fill

from .conftest import short


@pytest.mark.parametrize("mpp", [0.5, 1.0, 2.0])
def test_filled_disc_has_the_area_of_the_disc(mpp: float) -> None:
    around = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    disc = 60.3 + 40.0 * np.stack([np.sin(around), np.cos(around)], axis=1)
    _, inside = fill(disc, Canvas((round(130 / mpp), round(130 / mpp)), mpp))
    assert inside.sum() * mpp**2 == pytest.approx(np.pi * 40**2, rel=0.012)


def test_fill_outside_the_canvas_is_empty() -> None:
    square = np.array([[-50.0, -50], [-50, -20], [-20, -20], [-20, -50]])
    _, inside = fill(square, Canvas((30, 30), 1.0))
    assert inside.size == 0


def test_distance_from_a_circle_is_exact_to_a_tenth_of_a_micrometre() -> None:
    around = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    circle = 500 + 400 * np.stack([np.sin(-around), np.cos(-around)], axis=1)
    field = locate(Curve.through(circle, is_closed=True), (1000, 1000), 1.0)
    rows, cols = np.mgrid[:1000, :1000] + 0.5
    radius = np.hypot(rows - 500, cols - 500)
    near = np.abs(radius - 400) < 80
    assert np.abs(field.distance_um - (400 - radius))[near].max() < 0.15
    assert field.distance_um[500, 700] > 0, "normals point into the ring"


def test_height_of_a_straight_villus_can_be_read_off_the_label_map() -> None:
    spec = short(SectionSpec.mouse(), 250)
    villi = replace(spec.villi, lean_deg=0, bend_deg=0, height_cv=0, waviness=0)
    drawn = draw_section(replace(spec, villi=villi, wall=replace(spec.wall, variation=0)), mpp=1.0)
    tip = drawn.villi.iloc[0]
    column = drawn.labels.array[:, round(tip.tip_col)]
    is_villus = (column == Compartment.VILLUS_EPITHELIUM) | (column == Compartment.VILLUS_LAMINA_PROPRIA)
    assert tip.villus_height_um == pytest.approx(420, abs=0.5)
    assert is_villus.sum() == pytest.approx(420, abs=2)


def test_layers_have_the_thickness_that_was_asked_for(mouse: DrawnSection) -> None:
    length = mouse.layers.position_um.max() + 5
    for compartment, column in ((Compartment.SUBMUCOSA, "submucosa_um"), (Compartment.MUSCULARIS, "muscularis_um")):
        mean_thickness = mouse.labels.area_um2(compartment) / length
        assert mean_thickness == pytest.approx(mouse.layers[column].mean(), rel=0.03)


@pytest.mark.parametrize("mpp", [0.7, 2.0])
def test_truth_is_the_same_at_another_pixel_size(mouse: DrawnSection, mpp: float) -> None:
    twin = draw_section(mouse.spec, mpp=mpp, seed=3)
    for column in ("villus_height_um", "villus_width_um", "position_um"):
        np.testing.assert_allclose(twin.villi[column], mouse.villi[column])
    np.testing.assert_allclose(twin.crypts.crypt_depth_um, mouse.crypts.crypt_depth_um)
    np.testing.assert_allclose((twin.villi.tip_row + 0.5) * mpp, mouse.villi.tip_row + 0.5, atol=1e-6)
    for compartment in (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT, Compartment.MUSCULARIS):
        assert twin.labels.area_um2(compartment) == pytest.approx(mouse.labels.area_um2(compartment), rel=0.02)


def test_tips_and_bases_lie_on_the_borders_of_their_compartments(mouse: DrawnSection) -> None:
    villus = mouse.labels.mask(Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA)
    inside = ndimage.distance_transform_edt(villus)
    outside = ndimage.distance_transform_edt(~villus)
    whole = mouse.villi[mouse.villi.is_accepted]
    for tip in whole[["tip_row", "tip_col"]].to_numpy():
        row, col = np.rint(tip).astype(int)
        assert max(inside[row, col], outside[row, col]) < 2.5


@pytest.mark.parametrize("shape", ["ring", "roll"])
def test_ring_and_roll_keep_the_lumen_inside(shape: str) -> None:
    spec = SectionSpec.mouse(shape)  # type: ignore[arg-type]
    if shape == "roll":
        spec = short(spec, 6000)
    drawn = draw_section(spec, mpp=8.0)
    muscle = drawn.labels.mask(Compartment.MUSCULARIS)
    rows, cols = np.nonzero(muscle)
    from_centre = np.hypot(rows - rows.mean(), cols - cols.mean())
    villus = np.argwhere(drawn.labels.mask(Compartment.VILLUS_LAMINA_PROPRIA))
    assert np.hypot(*(villus - [rows.mean(), cols.mean()]).T).max() < from_centre.max()
    edges = np.concatenate([drawn.labels.array[0], drawn.labels.array[:, 0]])
    assert set(edges.tolist()) <= {Compartment.BACKGROUND, Compartment.OTHER_TISSUE}, "nothing is cut off"


def test_plicae_raise_the_mucosa_and_leave_the_muscle() -> None:
    spec = short(SectionSpec.human(), 2500)
    folded = draw_section(replace(spec, wall=replace(spec.wall, plica_um=700.0)), mpp=8.0, seed=2)
    flat = draw_section(spec, mpp=8.0, seed=2)
    assert folded.labels.area_um2(Compartment.SUBMUCOSA) > 1.5 * flat.labels.area_um2(Compartment.SUBMUCOSA)
    muscle = [drawn.labels.area_um2(Compartment.MUSCULARIS) for drawn in (folded, flat)]
    assert muscle[0] == pytest.approx(muscle[1], rel=0.05)
    assert folded.layers.submucosa_um.isna().all()


@settings(max_examples=5, deadline=None)
@given(angle=st.floats(0, 360), seed=st.integers(0, 10))
def test_rotation_leaves_lengths_and_areas_alone(angle: float, seed: int) -> None:
    spec = short(SectionSpec.mouse(), 400)
    upright = draw_section(spec, mpp=2.0, seed=seed)
    turned = draw_section(replace(spec, rotation_deg=angle), mpp=2.0, seed=seed)
    np.testing.assert_allclose(turned.villi.villus_height_um, upright.villi.villus_height_um, rtol=1e-9)
    for compartment in (Compartment.VILLUS_LAMINA_PROPRIA, Compartment.MUSCULARIS):
        assert turned.labels.area_um2(compartment) == pytest.approx(upright.labels.area_um2(compartment), rel=0.03)


def test_islands_and_cross_cut_crypts_are_not_accepted() -> None:
    spec = short(SectionSpec.mouse())
    spec = replace(spec, villi=replace(spec.villi, detached=1.0), crypts=replace(spec.crypts, oblique=1.0))
    drawn = draw_section(spec, mpp=4.0)
    assert set(drawn.villi.reject_reason) == {"detached"}
    assert set(drawn.crypts.reject_reason) == {"tangential"}
    assert not drawn.villi.is_accepted.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": "spiral"}, "strip, ring or roll"),
        ({"wall": replace(SectionSpec().wall, length_um=0.0)}, "wall.length_um=0.0"),
        ({"villi": replace(SectionSpec().villi, height_um=-3.0)}, "villi.height_um=-3.0"),
    ],
)
def test_impossible_sections_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        replace(SectionSpec(), **change)  # type: ignore[arg-type]


def test_unknown_stain_and_absent_pixel_size_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="he, dab or fluorescence"):
        draw_section(SectionSpec(), stain="pas")  # type: ignore[arg-type]
    with pytest.raises(MissingPixelSize):
        draw_section(SectionSpec(), mpp=0.0)
