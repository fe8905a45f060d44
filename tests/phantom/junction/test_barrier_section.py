"""Stained sections: the truth, measured again on the picture without noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import distance_transform_edt, map_coordinates

from histo.errors import InvalidArgument
from histo.phantom import SectionSpec, draw_section
from histo.phantom.junction import BarrierSpec, CameraSpec, DrawnBarrier, ProteinSpec, draw_barrier_section
from histo.phantom.junction.barrier_edge import follow_edges
from histo.phantom.section import draw_anatomy
from histo.types import Compartment

ShortSection = Callable[..., BarrierSpec]
NOTHING = ProteinSpec(
    apical=0.0, apical_in_crypts=0.0, lateral=0.0, cytoplasm=0.0, stroma=0.0, background=0.0, texture=0.0
)


def truth_of(drawn: DrawnBarrier, region: str) -> pd.Series:
    return drawn.regions.set_index("region").loc[region]


def test_the_anatomy_is_that_of_the_drawn_section(apical: DrawnBarrier) -> None:
    section = draw_section(apical.spec.section, mpp=0.5, seed=2)
    np.testing.assert_array_equal(apical.labels.array, section.labels.array)


def test_edges_have_villous_epithelium_on_one_side_and_lumen_on_the_other(apical: DrawnBarrier) -> None:
    anatomy = draw_anatomy(apical.spec.section, 0.5, 2)
    edges = follow_edges(apical.spec.section, anatomy.wall, anatomy.villi, anatomy.crypts)
    chosen = edges.region[edges.curves.owner] == Compartment.VILLUS_EPITHELIUM
    inner, outer = (anatomy.canvas.look_up(anatomy.labels, edges.at_depth(depth)[chosen]) for depth in (1.0, -0.7))
    assert (inner == Compartment.VILLUS_EPITHELIUM).mean() > 0.98
    assert (outer == Compartment.BACKGROUND).mean() > 0.97


def test_the_edge_is_as_long_as_the_labels_border_with_the_lumen(apical: DrawnBarrier) -> None:
    labels = apical.labels.array
    villus, lumen = labels == Compartment.VILLUS_EPITHELIUM, labels == Compartment.BACKGROUND
    crossings = [
        ((villus[one] & lumen[other]) | (lumen[one] & villus[other])).sum() * 0.5 * along
        for one, other, along in (
            (np.s_[:, 1:], np.s_[:, :-1], 1.0),
            (np.s_[1:], np.s_[:-1], 1.0),
            (np.s_[1:, 1:], np.s_[:-1, :-1], np.sqrt(0.5)),
            (np.s_[1:, :-1], np.s_[:-1, 1:], np.sqrt(0.5)),
        )
    ]
    # Four directions do not weigh upright villi evenly: 5 % at most.
    assert truth_of(apical, "villus_epithelium").edge_um == pytest.approx(np.pi / 2 * np.mean(crossings), rel=0.06)


def test_apical_fraction_is_the_light_near_the_lumen_over_all(apical: DrawnBarrier) -> None:
    labels = apical.labels.array
    villus, lumen = labels == Compartment.VILLUS_EPITHELIUM, labels == Compartment.BACKGROUND
    depth_um = (distance_transform_edt(~lumen) - 0.5) * 0.5
    spilt = lumen & (distance_transform_edt(~villus) * 0.5 < 1.5)
    near = apical.signal[(villus & (depth_um <= 3.0)) | spilt].sum()
    fraction = near / apical.signal[villus | spilt].sum()
    assert truth_of(apical, "villus_epithelium").apical_fraction == pytest.approx(fraction, rel=0.03)


@pytest.mark.parametrize("region", ["villus_epithelium", "crypt", "epithelium"])
def test_continuity_is_the_share_of_the_edge_that_is_lit(apical: DrawnBarrier, region: str) -> None:
    codes = {
        "villus_epithelium": [Compartment.VILLUS_EPITHELIUM], "crypt": [Compartment.CRYPT],
        "epithelium": [Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT],
    }[region]  # fmt: skip
    anatomy = draw_anatomy(apical.spec.section, 0.5, 2)
    edges = follow_edges(apical.spec.section, anatomy.wall, anatomy.villi, anatomy.crypts)
    line = anatomy.canvas.to_pixels(edges.at_depth(0.6))
    light = map_coordinates(apical.signal, line.T, order=1)
    strength = np.where(edges.region == Compartment.CRYPT, 0.8, 1.0)[edges.curves.owner]
    chosen = np.isin(edges.region[edges.curves.owner], codes)
    lit = (light[chosen] > 0.45 * strength[chosen]).mean()
    assert truth_of(apical, region).continuity == pytest.approx(lit, abs=0.02)


def test_gaps_add_up(apical: DrawnBarrier) -> None:
    truth = truth_of(apical, "epithelium")
    assert truth.continuity == pytest.approx(1 - apical.gaps.gap_um.sum() / truth.edge_um)
    assert truth.gaps_per_100_um == pytest.approx(100 * len(apical.gaps) / truth.edge_um)
    assert truth.mean_gap_um == pytest.approx(apical.gaps.gap_um.mean())
    ends = np.concatenate(apical.edges)
    places = apical.gaps[["row", "col"]].to_numpy()
    assert max(np.hypot(*(ends - place).T).min() for place in places) * apical.mpp < 0.5


def test_truth_does_not_know_the_pixel_size(apical: DrawnBarrier) -> None:
    coarse = draw_barrier_section(apical.spec, mpp=1.0, seed=2)
    pd.testing.assert_frame_equal(apical.regions, coarse.regions)
    pd.testing.assert_frame_equal(apical.tissue, coarse.tissue)
    np.testing.assert_allclose((apical.gaps.row + 0.5) * 0.5, (coarse.gaps.row + 0.5) * 1.0)
    assert coarse.signal.sum() * 1.0 == pytest.approx(apical.signal.sum() * 0.25, rel=0.01)


def test_all_light_of_the_picture_is_in_the_truth(apical: DrawnBarrier) -> None:
    total = truth_of(apical, "epithelium").integrated_density_um2
    assert apical.signal.sum() * 0.25 == pytest.approx(total, rel=0.01)
    assert apical.tissue.integrated_density_um2.item() == pytest.approx(total, rel=0.01)


def test_a_protein_that_rises_to_the_tips_has_its_gradient(short_section: ShortSection) -> None:
    spec = short_section(BarrierSpec(protein=replace(NOTHING, cytoplasm=0.3, gradient=0.8)))
    drawn = draw_barrier_section(spec, mpp=1.0, seed=2)
    anatomy = draw_anatomy(spec.section, 4.0, 2)
    height = np.mean([villus.length_um for villus in anatomy.villi if villus.is_whole])
    depth = np.mean([crypt.length_um for crypt in anatomy.crypts if crypt.is_whole])
    junction = depth / (depth + height)
    # Over the villi's own part of the axis the strength goes from 1 + 0.8 (junction - 0.5) to 1.4.
    expected = 0.8 * (1 - junction) / (1 + 0.4 * junction)
    assert truth_of(drawn, "villus_epithelium").gradient == pytest.approx(expected, abs=0.02)
    assert truth_of(drawn, "epithelium").gradient > 0.8  # a crypt's lumen holds nothing


def test_membranes_are_brighter_than_cytoplasm_by_their_strength(short_section: ShortSection) -> None:
    spec = short_section(BarrierSpec(protein=replace(NOTHING, cytoplasm=0.1, lateral=0.9, lateral_um=1.0)))
    ratio = truth_of(draw_barrier_section(spec, mpp=1.0, seed=2), "villus_epithelium").membrane_cytoplasm_ratio
    # Over 1.5 µm a band of 1 µm width has two thirds of its height on average, and lies on the cytoplasm.
    across = np.exp(-4 * np.log(2) * np.linspace(-0.75, 0.75, 301) ** 2).mean()
    assert ratio == pytest.approx((0.1 + 0.9 * across) / 0.1, rel=0.08)


def test_grains_cover_the_share_of_the_epithelium_that_the_truth_says(short_section: ShortSection) -> None:
    protein = replace(NOTHING, patches=1.0, patch_share=0.25)
    drawn = draw_barrier_section(
        short_section(BarrierSpec(protein=protein, camera=CameraSpec(blur_um=0.05))), mpp=0.5, seed=2
    )
    epithelium = np.isin(drawn.labels.array, (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT))
    percent = 100 * (drawn.signal[epithelium] > 0.5).mean()
    assert truth_of(drawn, "epithelium").patch_percent == pytest.approx(percent, abs=0.5)
    assert drawn.positive_area_percent(0.5) == pytest.approx(drawn.tissue.patch_percent.item(), abs=0.5)
    assert 15 < percent < 30


def test_zonulin_in_dab_has_the_truth_that_it_has_in_fluorescence(short_section: ShortSection) -> None:
    spec = short_section(BarrierSpec.zonulin(), 200.0)
    brown = draw_barrier_section(spec, mpp=1.0, seed=1, stain="dab")
    bright = draw_barrier_section(spec, mpp=1.0, seed=1)
    pd.testing.assert_frame_equal(brown.regions, bright.regions)
    assert brown.image.shape == (*bright.image.shape, 3)
    strong, weak = brown.signal > 0.4, brown.signal < 0.02
    red_over_blue = brown.image[..., 0].astype(float) - brown.image[..., 2]
    assert red_over_blue[strong].mean() > red_over_blue[weak].mean() + 20


def test_a_ring_has_its_edges_inside() -> None:
    spec = replace(BarrierSpec(), section=SectionSpec.mouse("ring"))
    anatomy = draw_anatomy(spec.section, 4.0, 1)
    edges = follow_edges(spec.section, anatomy.wall, anatomy.villi, anatomy.crypts)
    middle = anatomy.wall.border.points.mean(axis=0)
    reach = np.hypot(*(anatomy.wall.border.points - middle).T).max()
    assert np.hypot(*(edges.curves.points - middle).T).max() < reach
    assert (edges.region == Compartment.VILLUS_EPITHELIUM).any()
    assert (edges.region == Compartment.CRYPT).any()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"apical_um": 0.0}, "apical_um=0.0"),
        ({"protein": ProteinSpec(lateral=-1.0)}, "protein.lateral=-1.0"),
        ({"protein": ProteinSpec(cell_um=0.0)}, "protein.cell_um=0.0"),
        ({"protein": ProteinSpec(patch_share=1.2)}, "protein.patch_share=1.2"),
        ({"protein": ProteinSpec(gradient=3.0)}, "protein.gradient=3.0"),
        ({"line": replace(BarrierSpec().line, gap_fraction=1.0)}, "line.gap_fraction=1.0"),
    ],
)
def test_specs_that_cannot_be_drawn_say_what_is_wrong(change: dict[str, object], part: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be drawn") as caught:
        replace(BarrierSpec(), **change)  # type: ignore[arg-type]
    assert part in str(caught.value)


def test_an_unknown_stain_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="fluorescence or dab"):
        draw_barrier_section(BarrierSpec(), stain="he")  # type: ignore[arg-type]
