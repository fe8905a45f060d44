"""The same tissue at another pixel size, in another window and in another stain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.phantom.junction import GroundSpec, MonolayerSpec, draw_monolayer, random_monolayer
from histo.phantom.junction.plane import Frame, chance, scatter, waves


def test_truth_does_not_know_the_pixel_size() -> None:
    spec = replace(MonolayerSpec.zigzag(), height_um=40.0, width_um=50.0)
    one, other = draw_monolayer(spec, mpp=0.1, seed=7), draw_monolayer(spec, mpp=0.25, seed=7)
    pd.testing.assert_frame_equal(one.field, other.field)
    pd.testing.assert_frame_equal(one.gaps[["junction_id", "start_um"]], other.gaps[["junction_id", "start_um"]])
    places = ["start_row", "start_col", "end_row", "end_col"]
    pd.testing.assert_frame_equal(one.junctions.drop(columns=places), other.junctions.drop(columns=places))
    np.testing.assert_allclose((one.junctions[places] + 0.5) * 0.1, (other.junctions[places] + 0.5) * 0.25, atol=1e-9)
    pd.testing.assert_frame_equal(one.cells.drop(columns=["row", "col"]), other.cells.drop(columns=["row", "col"]))


def test_pixels_twice_as_large_hold_the_mean_of_the_light_of_four(even: MonolayerSpec) -> None:
    spec = even
    fine, coarse = draw_monolayer(spec, mpp=0.1, seed=7), draw_monolayer(spec, mpp=0.2, seed=7)
    rows, cols = coarse.signal.shape
    mean = fine.signal.reshape(rows, 2, cols, 2).mean(axis=(1, 3))
    # Where a band is as thin as a pixel, how its light is shared out depends a little on where in the pixel it runs.
    assert np.abs(mean - coarse.signal).max() < 0.06 * fine.signal.max()
    assert np.abs(mean - coarse.signal).mean() < 0.03 * fine.signal.mean()
    assert float(mean.sum()) == pytest.approx(float(coarse.signal.sum()), rel=1e-4)


@settings(max_examples=8, deadline=None)
@given(
    row=st.integers(0, 150),
    col=st.integers(0, 150),
    height=st.integers(20, 150),
    width=st.integers(20, 150),
    seed=st.integers(0, 5),
)
def test_any_window_shows_its_part_of_the_same_tissue(row: int, col: int, height: int, width: int, seed: int) -> None:
    spec = replace(MonolayerSpec.flowers(), height_um=60.0, width_um=60.0, top_um=-17.0, left_um=400.0)
    spec = replace(spec, stain=replace(spec.stain, gap_fraction=0.2))
    mpp = 0.2
    whole = draw_monolayer(spec, mpp=mpp, seed=seed)
    part = draw_monolayer(
        replace(
            spec, height_um=height * mpp, width_um=width * mpp, top_um=-17.0 + row * mpp, left_um=400.0 + col * mpp
        ),
        mpp=mpp,
        seed=seed,
    )
    cut = np.s_[row : row + height, col : col + width]
    np.testing.assert_allclose(part.signal, whole.signal[cut], atol=1e-5)
    pairs = np.unique(np.stack([part.cell_labels.ravel(), whole.cell_labels[cut].ravel()]), axis=1)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
    # A line's last sixteenth of a pixel may fall to either side.
    assert (part.centrelines != whole.centrelines[cut]).mean() < 0.002
    assert (part.present != whole.present[cut]).mean() < 0.002


def test_both_stains_show_the_same_tissue(even: MonolayerSpec) -> None:
    spec = even
    brown, bright = draw_monolayer(spec, stain="dab", seed=1), draw_monolayer(spec, seed=1)
    assert brown.image.shape == (*bright.image.shape, 3)
    assert brown.image.dtype == np.uint8
    pd.testing.assert_frame_equal(brown.junctions, bright.junctions)
    blue = brown.image[..., 2].astype(float)
    assert blue[brown.present].mean() < blue[~brown.present].mean() - 40


def test_all_other_light_lies_still_in_other_windows(even: MonolayerSpec) -> None:
    ground = GroundSpec(puncta_per_mm2=20000.0, puncta=0.6, cloud=0.3, texture=0.05)
    spec = replace(
        even,
        ground=ground,
        stain=replace(even.stain, tilted=1.0, spikes_per_um=1.0, beads=0.4),
        camera=replace(even.camera, photons=1e7, read_noise=0.0),
    )
    whole = draw_monolayer(spec, mpp=0.2, seed=2)
    part = draw_monolayer(replace(spec, top_um=10.0, left_um=20.0, height_um=20.0, width_um=20.0), mpp=0.2, seed=2)
    cut = whole.image[50:150, 100:200].astype(float)
    assert np.abs(part.image[8:-8, 8:-8] - cut[8:-8, 8:-8]).max() < 0.01 * whole.image.max()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_random_monolayer_can_be_drawn(seed: int) -> None:
    spec = random_monolayer(np.random.default_rng(seed), height_um=25.0, width_um=30.0)
    drawn = draw_monolayer(spec, mpp=0.25, seed=seed)
    assert drawn.image.shape == drawn.cell_labels.shape == (100, 120)
    assert (drawn.present <= drawn.centrelines).all()
    assert set(np.unique(drawn.cell_labels)) <= set(drawn.cells.cell_id)
    assert drawn.junctions.straightness.between(0, 1 + 1e-9).all()
    assert drawn.junctions.continuity.between(-1e-9, 1).all()
    assert (drawn.cells.roughness >= 1).all()
    assert len(drawn.curves) == len(drawn.junctions)


def test_chance_is_even_and_belongs_to_its_key() -> None:
    rows, cols = (part.ravel() for part in np.mgrid[-150:150, -150:150])
    drawn = chance(3, 1, rows, cols)
    assert abs(drawn.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02
    np.testing.assert_array_equal(drawn[5:9], chance(3, 1, rows[5:9], cols[5:9]))
    assert not np.isclose(chance(4, 1, rows[:50], cols[:50]), drawn[:50]).any()


def test_points_are_as_dense_as_asked_and_waves_of_unit_spread() -> None:
    frame = Frame(-300.0, 100.0, (500, 500), 1.0)
    points, keys = scatter(frame, 4000.0, 1, 2)
    assert abs(len(points) / 1000 - 1) < 0.1
    assert len(np.unique(keys)) == len(keys)
    assert frame.contains(points).all()
    assert abs(waves(frame, 5.0, 1, 3).std() - 1) < 0.1
