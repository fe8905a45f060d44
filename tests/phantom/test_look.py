from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from histo import Compartment
from histo.phantom import DrawnSection, SectionSpec, draw_section, random_spec

from .conftest import short


def test_same_seed_draws_the_same_bytes(mouse: DrawnSection) -> None:
    again = draw_section(mouse.spec, mpp=1.0, seed=3)
    np.testing.assert_array_equal(again.image, mouse.image)
    np.testing.assert_array_equal(again.labels.array, mouse.labels.array)


def test_another_seed_draws_another_section(mouse: DrawnSection) -> None:
    other = draw_section(mouse.spec, mpp=1.0, seed=4)
    assert not np.allclose(other.villi.villus_height_um.mean(), mouse.villi.villus_height_um.mean(), atol=1e-3)


def test_nuclei_are_where_the_table_says(mouse: DrawnSection) -> None:
    cells = mouse.cells[mouse.cells.cell_class == "lymphocyte"]
    rows, cols = np.rint(cells[["row", "col"]].to_numpy()).astype(int).T
    red = mouse.image[..., 0].astype(float)
    tissue = mouse.labels.mask(Compartment.VILLUS_LAMINA_PROPRIA, Compartment.LAMINA_PROPRIA)
    assert red[rows, cols].mean() < red[tissue].mean() - 30


def test_densities_of_cells_are_those_asked_for() -> None:
    spec = SectionSpec.mouse()
    drawn = draw_section(spec, mpp=1.0, seed=1)
    stroma = drawn.labels.area_um2(Compartment.VILLUS_LAMINA_PROPRIA, Compartment.LAMINA_PROPRIA) / 1e6
    inside = drawn.cells[drawn.cells.compartment.isin(["villus_lamina_propria", "lamina_propria"])]
    density = (inside.cell_class == "lymphocyte").sum() / stroma
    assert density == pytest.approx(spec.cells.lymphocyte_per_mm2, rel=0.06)
    villous = drawn.cells[drawn.cells.compartment == "villus_epithelium"]
    counts = villous.cell_class.value_counts()
    assert 100 * counts["lymphocyte"] / counts["epithelial"] == pytest.approx(spec.cells.iel_per_100, rel=0.3)


def test_optical_density_lies_in_the_plane_of_the_two_stains() -> None:
    spec = short(SectionSpec.mouse(), 300)
    clean = replace(spec, appearance=replace(spec.appearance, noise=0.0, blur_um=0.0))
    drawn = draw_section(clean, mpp=1.0)
    look = clean.appearance
    density = -np.log(np.maximum(drawn.image, 1) / 255 / np.array(look.glass))
    normal = np.cross(look.haematoxylin, look.eosin)
    normal /= np.linalg.norm(normal)
    dark = (density.sum(axis=-1) > 0.3) & (drawn.image.min(axis=-1) > 25)
    assert np.abs(density[dark] @ normal).mean() < 0.02


def test_brown_marks_cd4_positive_cells_only() -> None:
    spec = short(SectionSpec.mouse(), 250)
    drawn = draw_section(spec, mpp=0.5, stain="dab")
    rows, cols = np.rint(drawn.cells[["row", "col"]].to_numpy()).astype(int).T
    height, width = drawn.labels.shape
    ring = drawn.image[np.clip(rows + 7, 0, height - 1), np.clip(cols, 0, width - 1)].astype(float)
    blueness = ring[:, 2] - ring[:, 0]
    positive = drawn.cells.cd4_is_positive.to_numpy()
    negative = (drawn.cells.cell_class == "lymphocyte").to_numpy() & ~positive
    assert blueness[positive].mean() < blueness[negative].mean() - 15


def test_zo1_line_is_dark_in_its_gaps() -> None:
    spec = short(SectionSpec.mouse(), 350)
    drawn = draw_section(spec, mpp=0.5, stain="fluorescence")
    assert drawn.image.dtype == np.uint16
    zo1 = drawn.image[..., 3].astype(float)
    long_gaps = drawn.gaps[drawn.gaps.length_um > 6]
    rows, cols = np.rint(long_gaps[["row", "col"]].to_numpy()).astype(int).T
    epithelium = drawn.labels.mask(Compartment.VILLUS_EPITHELIUM)
    assert len(long_gaps) > 5
    assert np.median(zo1[rows, cols]) < 0.5 * np.percentile(zo1[epithelium], 95)


def test_random_sections_hold_every_compartment_between_them() -> None:
    seen: set[int] = set()
    for seed in range(8):
        spec = random_spec(np.random.default_rng(seed))
        small = replace(spec, wall=replace(spec.wall, length_um=min(spec.wall.length_um, 1800.0)))
        drawn = draw_section(small, mpp=8.0, seed=seed)
        assert drawn.image.shape == (*drawn.labels.shape, 3)
        seen |= set(np.unique(drawn.labels.array).tolist())
    assert seen == {int(compartment) for compartment in Compartment}


def test_a_lymphocyte_in_the_epithelium_lies_in_a_paler_ring() -> None:
    spec = short(SectionSpec.mouse(), 250)
    spec = replace(spec, cells=replace(spec.cells, iel_per_100=20.0, goblet=0.0))
    drawn = draw_section(spec, mpp=0.5, seed=2)
    places = drawn.cells[["row", "col"]].to_numpy()
    villous = (drawn.cells.compartment == "villus_epithelium").to_numpy()
    # µm from each pixel of the epithelium to the nearest nucleus, and whose it is.
    at = np.argwhere(drawn.labels.mask(Compartment.VILLUS_EPITHELIUM))
    away, nearest = cKDTree(places).query(at)
    around = (away * 0.5 > 3.1) & (away * 0.5 < 3.9)
    green = drawn.image[tuple(at.T)][:, 1].astype(float)
    lymphocyte = (drawn.cells.cell_class == "lymphocyte").to_numpy()[nearest] & villous[nearest]
    epithelial = (drawn.cells.cell_class == "epithelial").to_numpy()[nearest]
    # Without the ring they differ by 14: long nuclei of enterocytes reach farther.
    assert green[around & lymphocyte].mean() > green[around & epithelial].mean() + 20


def test_inflammatory_cells_reach_the_wall_of_every_third_random_section() -> None:
    plain = SectionSpec.mouse().cells
    cells = [random_spec(np.random.default_rng(seed)).cells for seed in range(300)]
    submucosa = np.array([one.submucosa != plain.submucosa for one in cells])
    muscularis = np.array([one.muscularis != plain.muscularis for one in cells])
    assert submucosa.mean() == pytest.approx(1 / 3, abs=0.09)
    assert muscularis.mean() == pytest.approx(1 / 6, abs=0.07)
    assert submucosa[muscularis].all()
