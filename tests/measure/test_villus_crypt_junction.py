from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from histo import Compartment, LabelMap
from histo.measure import JunctionCurve, measure_section
from histo.phantom import SectionSpec, draw_section

Draw = Callable[..., Any]


def _heights(curve: JunctionCurve, labels: LabelMap) -> np.ndarray:
    """Distance of each point from the lower edge of the crypt zone's rows, for an unturned strip, in µm."""
    zone = np.isin(labels.array, (Compartment.SUBMUCOSA,)).any(axis=1)
    border = np.flatnonzero(zone)[-1] + 0.5 if zone[-1] else np.flatnonzero(zone)
    edge = float(np.max(border)) + 0.5
    return np.abs(edge - curve.points[:, 0]) * labels.mpp


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_the_junction_of_a_strip_lies_where_it_was_drawn(draw: Draw, mpp: float) -> None:
    drawing = draw(length_um=900.0)
    labels = drawing.labels(mpp)
    curve = measure_section(labels).junction
    assert curve.share_seen > 0.97
    assert np.median(_heights(curve, labels)) == pytest.approx(drawing.crypt_zone_um, abs=mpp)
    assert np.ptp(curve.points[:, 0]) * mpp < 4.0
    assert np.all(np.diff(curve.position_um) > 0)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_the_junction_of_a_ring_is_a_circle(draw: Draw, mpp: float) -> None:
    drawing = draw(radius_um=700.0, villus_height_um=250.0)
    labels = drawing.labels(mpp)
    curve = measure_section(labels).junction
    middle = (np.array(labels.shape) - 1) / 2
    radius = np.hypot(*(curve.points - middle).T) * mpp
    assert radius.mean() == pytest.approx(drawing.radius_um - drawing.crypt_zone_um, rel=0.003)
    assert np.ptp(radius) < 6.0


def test_the_junction_of_a_drawn_wall_that_bends_is_the_true_one() -> None:
    drawn = draw_section(SectionSpec.human(), mpp=4.0, seed=5)
    border = drawn.layers[["row", "col"]].to_numpy()
    way = np.gradient(border, axis=0)
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1) / np.linalg.norm(way, axis=1)[:, None]
    true = border + normal * drawn.layers[["crypt_zone_um"]].to_numpy() / drawn.labels.mpp
    curve = measure_section(drawn.labels).junction
    away = cKDTree(curve.points).query(true[3:-3])[0] * drawn.labels.mpp
    assert np.percentile(away, 95) < 8.0


def test_where_epithelium_hides_the_junction_it_is_estimated(draw: Draw) -> None:
    drawing = draw(length_um=1200.0)
    labels = drawing.labels(1.0)
    array = labels.array.copy()
    middle = array.shape[1] // 2
    window = array[:, middle - 50 : middle + 50]
    window[np.isin(window, (Compartment.CRYPT, Compartment.LAMINA_PROPRIA))] = Compartment.VILLUS_EPITHELIUM
    curve = measure_section(LabelMap(array, mpp=1.0)).junction
    is_hidden = np.abs(curve.points[:, 1] - middle) < 40
    assert curve.is_estimated[is_hidden].all()
    assert not curve.is_estimated[np.abs(curve.points[:, 1] - middle) > 80].any()
    assert np.ptp(curve.points[:, 0]) < 8.0


def test_a_map_without_a_wall_has_no_junction() -> None:
    curve = measure_section(LabelMap(np.full((50, 50), Compartment.SUBMUCOSA), mpp=1.0)).junction
    assert len(curve.points) == 0
    assert np.isnan(curve.share_seen)
