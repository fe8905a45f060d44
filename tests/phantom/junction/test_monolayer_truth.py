"""The tables of a drawn monolayer, measured again by other means than those that drew them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.ndimage import map_coordinates

from histo.phantom.junction import BorderSpec, DrawnJunctions, MonolayerSpec, MosaicSpec, draw_monolayer


def lines_of(drawn: DrawnJunctions) -> np.ndarray:
    return np.array([shapely.LineString((curve + 0.5) * drawn.mpp) for curve in drawn.curves])


def faces_of(drawn: DrawnJunctions) -> pd.DataFrame:
    """Rebuild the cells from the curves alone."""
    faces = [face for face in shapely.get_parts(shapely.polygonize(lines_of(drawn))) if face.area > 1]
    inner = [face.representative_point() for face in faces]
    at = np.array([[point.x, point.y] for point in inner]) / drawn.mpp - 0.5
    rows, cols = np.rint(at).astype(int).T
    inside = (rows >= 0) & (rows < drawn.cell_labels.shape[0]) & (cols >= 0) & (cols < drawn.cell_labels.shape[1])
    return pd.DataFrame({
        "cell_id": drawn.cell_labels[rows[inside], cols[inside]],
        "area": [face.area for face, keep in zip(faces, inside, strict=True) if keep],
        "perimeter": [face.length for face, keep in zip(faces, inside, strict=True) if keep],
        "hull": [face.convex_hull.area for face, keep in zip(faces, inside, strict=True) if keep],
    })  # fmt: skip


def test_no_border_crosses_itself_or_another(folded: DrawnJunctions) -> None:
    lines = lines_of(folded)
    assert shapely.is_simple(lines).all()
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    pairs = one < other
    shared = shapely.intersection(lines[one[pairs]], lines[other[pairs]])
    ends = shapely.multipoints([point for line in lines for point in (line.coords[0], line.coords[-1])])
    assert len(shared) > 20
    assert max(part.distance(ends) for whole in shared for part in shapely.get_parts(whole)) < 1e-6


def test_folds_that_would_lie_on_one_another_are_drawn_again(even: MonolayerSpec) -> None:
    border = BorderSpec(fold_deg=150.0, fold_um=15.0, sharpness=3.0, rough_deg=35.0)
    drawn = draw_monolayer(replace(even, border=border), mpp=0.5, seed=1)
    assert shapely.is_simple(lines_of(drawn)).all()
    assert drawn.field.mean_straightness.item() < 0.8


def test_cells_have_the_area_perimeter_and_solidity_of_the_polygons_between_the_curves(folded: DrawnJunctions) -> None:
    whole = folded.cells[~folded.cells.touches_border].merge(faces_of(folded), on="cell_id")
    assert len(whole) == (~folded.cells.touches_border).sum() >= 3
    np.testing.assert_allclose(whole.area_um2, whole.area, rtol=1e-9)
    np.testing.assert_allclose(whole.perimeter_um, whole.perimeter, rtol=1e-9)
    np.testing.assert_allclose(whole.solidity, whole.area / whole.hull, rtol=1e-9)
    np.testing.assert_allclose(whole.roughness, whole.perimeter**2 / (4 * np.pi * whole.area), rtol=1e-9)


def test_pixels_have_the_label_of_the_polygon_that_their_centre_lies_in(folded: DrawnJunctions) -> None:
    faces = [face for face in shapely.get_parts(shapely.polygonize(lines_of(folded))) if face.area > 1]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, folded.cell_labels.shape, (3000, 2))
    centres = shapely.points((pixels + 0.5) * folded.mpp)
    labels = folded.cell_labels[tuple(pixels.T)]
    for face in faces:
        inside = shapely.contains(face, centres)
        assert len(np.unique(labels[inside])) <= 1
    owner = np.stack([shapely.contains(face, centres) for face in faces])
    found = {(int(np.argmax(owner[:, k])), int(labels[k])) for k in np.flatnonzero(owner.any(axis=0))}
    assert len(found) == len({cell for _, cell in found})


def test_straightness_is_chord_over_length_of_the_curve(folded: DrawnJunctions) -> None:
    lines = lines_of(folded)
    np.testing.assert_allclose(folded.junctions.length_um, shapely.length(lines), rtol=1e-9)
    chords = [np.hypot(*(np.subtract(line.coords[0], line.coords[-1]))) for line in lines]
    np.testing.assert_allclose(folded.junctions.straightness, chords / shapely.length(lines), rtol=1e-9)


def test_borders_without_bow_folds_and_roughness_are_straight(straight: MonolayerSpec) -> None:
    drawn = draw_monolayer(straight, mpp=0.2)
    np.testing.assert_allclose(drawn.junctions.straightness, 1.0, rtol=1e-9)


def test_the_networks_length_is_what_test_lines_across_the_labels_cross(even: MonolayerSpec) -> None:
    drawn = draw_monolayer(replace(even, height_um=90.0, width_um=90.0), mpp=0.05, seed=3)
    labels, mpp = drawn.cell_labels, drawn.mpp
    crossings = [
        (labels[one] != labels[other]).sum() * mpp * along
        for one, other, along in (
            (np.s_[:, 1:], np.s_[:, :-1], 1.0),
            (np.s_[1:], np.s_[:-1], 1.0),
            (np.s_[1:, 1:], np.s_[:-1, :-1], np.sqrt(0.5)),
            (np.s_[1:, :-1], np.s_[:-1, 1:], np.sqrt(0.5)),
        )
    ]
    # Cauchy and Crofton: length is pi / 2 times the mean number of crossings, times the distance of the lines.
    length_mm = np.pi / 2 * np.mean(crossings) / 1000
    assert drawn.field.network_length_mm_per_mm2.item() == pytest.approx(
        length_mm / drawn.field.area_mm2.item(), rel=0.01
    )


def test_gaps_are_where_the_light_along_the_curves_is_out(even: MonolayerSpec) -> None:
    spec = replace(even, stain=replace(even.stain, gap_fraction=0.3, gap_um=3.0))
    drawn = draw_monolayer(spec, mpp=0.05, seed=5)
    whole = drawn.junctions[drawn.junctions.is_whole & (drawn.junctions.length_um > 4)]
    dark, length = 0.0, 0.0
    for index, row in whole.iterrows():
        curve = drawn.curves[int(index)]  # type: ignore[call-overload]
        light = map_coordinates(drawn.signal, curve.T, order=1)
        arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))]) * drawn.mpp
        usual = row.band_um / row.width_um
        is_dark = light < 0.5 * usual
        seen = (arc > 1.0) & (arc < row.length_um - 1.0)  # a neighbour shines into gaps at a corner
        gaps = drawn.gaps[drawn.gaps.junction_id == row.junction_id]
        truth = sum(
            ((arc >= gap.start_um) & (arc <= gap.start_um + gap.length_um)).astype(int) for gap in gaps.itertuples()
        )
        dark += float((is_dark & seen).sum()) - float(np.sum(truth * seen))
        length += float(seen.sum())
    assert abs(dark) / length < 0.005
    assert drawn.field.gap_fraction.item() == pytest.approx(0.3, abs=0.08)


def test_gap_lengths_add_up_to_those_of_their_junctions(folded: DrawnJunctions) -> None:
    gaps = folded.gaps.groupby("junction_id").length_um.agg(["sum", "count"])
    table = folded.junctions.set_index("junction_id").loc[gaps.index]
    np.testing.assert_allclose(table.gap_length_um, gaps["sum"], rtol=1e-9)
    assert (table.n_gaps == gaps["count"]).all()
    np.testing.assert_allclose(table.continuity, 1 - gaps["sum"] / table.length_um, rtol=1e-9)
    two = table[table.n_gaps == 2].index[0]
    one = folded.gaps[folded.gaps.junction_id == two]
    middles = (one.start_um + 0.5 * one.length_um).to_numpy()
    assert table.gap_spacing_um[two] == pytest.approx(middles[1] - middles[0])


def test_the_gap_fraction_of_a_large_field_is_the_one_asked_for(even: MonolayerSpec) -> None:
    spec = replace(even, height_um=300.0, width_um=300.0)
    drawn = draw_monolayer(replace(spec, stain=replace(spec.stain, gap_fraction=0.25, gap_um=2.0)), mpp=0.5, seed=6)
    assert drawn.field.gap_fraction.item() == pytest.approx(0.25, abs=0.02)


def test_a_bands_profile_has_its_width_and_strength(straight: MonolayerSpec) -> None:
    mosaic = MosaicSpec(cell_um=30.0, irregularity=0.0)
    drawn = draw_monolayer(replace(straight, mosaic=mosaic), mpp=0.05)
    index = int(drawn.junctions[drawn.junctions.is_whole].length_um.idxmax())
    row, curve = drawn.junctions.loc[index], drawn.curves[index]
    middle = 0.5 * (curve[0] + curve[-1])
    along = (curve[-1] - curve[0]) / np.hypot(*(curve[-1] - curve[0]))
    offsets = np.arange(-40, 40.1, 0.25)
    places = middle[:, None] + np.array([-along[1], along[0]])[:, None] * offsets
    profile = map_coordinates(drawn.signal, places, order=3)
    above = offsets[profile > 0.5 * profile.max()] * drawn.mpp
    assert np.ptp(above) == pytest.approx(row.width_um, abs=0.03)
    assert profile.max() == pytest.approx(row.strength * row.band_um / row.width_um, rel=0.02)
    light_per_um = profile.sum() * 0.25 * drawn.mpp
    assert light_per_um == pytest.approx(row.integrated_intensity / row.length_um, rel=0.01)


def test_neighbours_are_those_whose_pixels_touch(even: MonolayerSpec) -> None:
    drawn = draw_monolayer(even, mpp=0.05, seed=1)
    labels = drawn.cell_labels
    pairs = np.concatenate([
        np.stack([labels[:, 1:].ravel(), labels[:, :-1].ravel()], axis=1),
        np.stack([labels[1:].ravel(), labels[:-1].ravel()], axis=1),
    ])  # fmt: skip
    pairs, counts = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0, return_counts=True)
    pairs = pairs[counts > 3]  # at a corner of four cells those across touch by a pixel
    whole = drawn.cells[~drawn.cells.touches_border]
    seen = [len({*pairs[(pairs == cell).any(axis=1)].ravel()} - {cell}) for cell in whole.cell_id]
    assert whole.n_neighbours.tolist() == seen


def test_published_kinds_of_border_come_in_their_order_of_straightness() -> None:
    means = []
    for preset in (MonolayerSpec.control, MonolayerSpec.zigzag, MonolayerSpec.flowers):
        spec = replace(preset(), height_um=160.0, width_um=160.0)
        means.append(draw_monolayer(spec, mpp=0.4, seed=2).field.mean_straightness.item())
    assert means[0] > 0.85 > means[1] > means[2]


@pytest.mark.parametrize("left_out", [0.0, 0.3])
def test_cells_are_as_dense_as_their_diameter_says(even: MonolayerSpec, left_out: float) -> None:
    mosaic = MosaicSpec(cell_um=10.0, left_out=left_out, elongation=1.4, direction_deg=30.0)
    field = draw_monolayer(replace(even, height_um=400.0, width_um=400.0, mosaic=mosaic), mpp=1.0, seed=3).field
    assert field.cells_per_mm2.item() == pytest.approx(1e6 / (np.pi / 4 * 10.0**2), rel=0.06)


@pytest.mark.parametrize("mpp", [0.1, 0.2, 0.4])
def test_the_share_of_stained_pixels_does_not_depend_on_their_size(mpp: float) -> None:
    spec = replace(MonolayerSpec.control(), height_um=60.0, width_um=60.0)
    drawn = draw_monolayer(replace(spec, stain=replace(spec.stain, gap_fraction=0.3, gap_um=2.0)), mpp=mpp, seed=4)
    seen = 1 - drawn.present.sum() / drawn.centrelines.sum()
    assert seen == pytest.approx(drawn.field["gap_fraction"].item(), abs=0.01)
