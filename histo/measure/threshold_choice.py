"""Choose from where on a marker is positive: by controls, by the whole study or by scored cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from histo.errors import InvalidArgument, NoThreshold
from histo.measure.bimodal import Parting, part_in_two
from histo.measure.marker_pool import MarkerPool
from histo.measure.threshold import Threshold, Thresholds

__all__ = ["thresholds_from_controls", "thresholds_from_scored_cells", "thresholds_from_study"]

Markers = Iterable[str] | Mapping[str, str]

_SEPARATION = 3.75
_FEWEST_CELLS = 200
_SMALLEST_GROUP = 0.005
_MOST_BY_SLIDE = 0.6
_FEWEST_IN_GROUP = 10
_FEWEST_SCORED = 20
_STEPS = (2.0, 3.0)


def thresholds_from_controls(
    controls: pd.DataFrame, markers: Markers, *, percentile: float = 99.0, steps: tuple[float, float] = _STEPS
) -> Thresholds:
    """Set thresholds by negative-control slides: those stained without the primary antibody, or of an isotype.

    Parameters
    ----------
    controls : DataFrame
        Cells of control slides, measured as in the study, with ``slide`` and ``<marker>_intensity``.
    markers : iterable of str, or mapping of str to str
        Markers; as a mapping, which measure of each: ``{"ph3": "foci"}``. The intensity otherwise.
    percentile : float
        Of the controls' cells, each slide of the same weight. At 99, one of 100 cells without the antigen is called
        positive: a percentage of positive cells below that is no finding.
    steps : (float, float)
        2+ and 3+ begin at these multiples of the threshold.

    Returns
    -------
    Thresholds

    Raises
    ------
    InvalidTable
        If columns are missing.
    NoThreshold
        If there are too few cells for the percentile (five must lie above it), or it is not above 0.
    """
    if not 50 <= percentile < 100:
        raise InvalidArgument(
            "the percentile lies in the upper half", expected="50 to below 100", got=f"{percentile!r}"
        )
    _check_steps(steps)

    def choose(marker: str, measure: str) -> Threshold:
        pool = MarkerPool.of(controls, marker, measure)
        if len(pool.signal) * (100 - percentile) < 500:
            raise NoThreshold(f"{len(pool.signal)} control cells are too few for percentile {percentile:g}")
        cut = pool.percentile(percentile)
        if cut <= 0:
            raise NoThreshold(f"percentile {percentile:g} of the controls is {cut:.3g}, which is no signal")
        return pool.threshold(cut, steps, method="controls", detail=f"percentile {percentile:g}")

    return _collect(markers, choose)


def thresholds_from_study(
    cells: pd.DataFrame,
    markers: Markers,
    *,
    scale: Literal["linear", "log"] = "linear",
    steps: tuple[float, float] = _STEPS,
) -> Thresholds:
    """Set thresholds by Otsu's method over all cells of a study, or say that the cells fall into no two groups.

    Never over one field or slide: each would get positive cells, whether or not there are any.

    Parameters
    ----------
    cells : DataFrame
        Cells of all slides of the study that were stained and exposed alike, with ``slide`` and
        ``<marker>_intensity``.
    markers, steps
        As in `thresholds_from_controls`.
    scale : {"linear", "log"}
        Optical densities are parted as they are; intensities of fluorescence spread less on a log scale, where cells
        at or below 0 count as the lowest positive value.

    Returns
    -------
    Thresholds

    Raises
    ------
    InvalidTable
        If columns are missing.
    NoThreshold
        If the cells are of one slide, fewer than 200, not bimodal enough, or parted by slide; all markers in one
        message.

    Notes
    -----
    Otsu N. A threshold selection method from gray-level histograms. IEEE Trans Syst Man Cybern 1979; 9: 62-66; here
    on the values themselves. It parts anything, so the parts are judged by Ashman's D, the distance of their means over
    their pooled standard deviation (Ashman KM, Bird CM, Zepf SE. Detecting bimodality in astronomical datasets.
    Astron J 1994; 108: 2348-2361). The parts of one group drawn at random reach a D of 2.7 (normal), 2.6
    (exponential) or 3.5 (even), so 3.75 is asked for, and at least 0.5 % of the cells (and ten) on either side. Where
    the slide alone explains more than 60 % of which cell lies in which part, the slides were exposed or stained
    differently, and the parts say nothing of cells; slides with 0 and with 70 % of positive cells still pass. The
    share of variance between the parts is reported, but not judged: it is 0.64 for one normal group and the same for
    two groups of 95 and 5 % that lie six standard deviations apart.
    """
    if scale not in ("linear", "log"):
        raise InvalidArgument("unknown scale", expected="linear or log", got=repr(scale))
    _check_steps(steps)

    def choose(marker: str, measure: str) -> Threshold:
        pool = MarkerPool.of(cells, marker, measure)
        parting = _part(pool, scale)
        cut = float(np.exp(parting.cut)) if scale == "log" else parting.cut
        threshold = pool.threshold(cut, steps, method="study", detail="log scale" if scale == "log" else "")
        return replace(threshold, separation=parting.separation, variance_share=parting.variance_share)

    return _collect(markers, choose)


def thresholds_from_scored_cells(
    cells: pd.DataFrame,
    scored: Mapping[str, str],
    *,
    measures: Sequence[str] = ("intensity",),
    steps: tuple[float, float] = _STEPS,
) -> Thresholds:
    """Set thresholds by cells that a person has called positive or negative.

    Parameters
    ----------
    cells : DataFrame
        Scored cells, with ``slide``, the measures and the person's column.
    scored : mapping of str to str
        For each marker, the boolean column that says what the person saw.
    measures : sequence of str
        Of each marker, those to choose from: the one that agrees best with the person is taken, the first of equals.
        ``("intensity", "contrast", "foci")`` where pictures were exposed differently or a marker fills foci only.
    steps : (float, float)
        As in `thresholds_from_controls`.

    Returns
    -------
    Thresholds
        The cut of the best F1 of positive cells, half-way between the two cells that it parts, with the `agreement`.

    Raises
    ------
    InvalidTable
        If columns are missing or the person's is not of True and False.
    NoThreshold
        If fewer than 20 cells were called positive or fewer than 20 negative, or no measure has its cut above 0.
    """
    _check_steps(steps)

    def choose(marker: str, _: str) -> Threshold:
        found = [_by_hand(MarkerPool.of(cells, marker, name, also=scored[marker]), steps) for name in measures]
        usable = [threshold for threshold in found if threshold is not None]
        if not usable:
            raise NoThreshold(f"the best cut of {' and '.join(measures)} is not above 0")
        return max(usable, key=lambda threshold: threshold.agreement or 0.0)

    return _collect(scored.keys(), choose)


def _by_hand(pool: MarkerPool, steps: tuple[float, float]) -> Threshold | None:
    n_positive, n_negative = int(pool.called.sum()), int((~pool.called).sum())
    if min(n_positive, n_negative) < _FEWEST_SCORED:
        raise NoThreshold(
            f"{n_positive} cells scored positive, {n_negative} negative, where {_FEWEST_SCORED} of each are needed"
        )
    cut, f1 = pool.best_f1()
    return replace(pool.threshold(cut, steps, method="scored", detail=""), agreement=f1) if cut > 0 else None


def _collect(markers: Markers, choose: Callable[[str, str], Threshold]) -> Thresholds:
    """Choose a threshold for each marker; what cannot be chosen stands in one message."""
    found: list[Threshold] = []
    problems: list[str] = []
    for marker, measure in _measures(markers).items():
        try:
            found.append(choose(marker, measure))
        except NoThreshold as problem:
            problems.append(f"{marker}: {problem.what}")
    if problems:
        raise NoThreshold(
            "no threshold can be set: " + "; ".join(problems),
            next_step="Use negative-control slides, cells scored by hand or more cells, or give the threshold.",
        )
    return Thresholds(tuple(found))


def _part(pool: MarkerPool, scale: str) -> Parting:
    """Part the pool in two, or say why it should not be."""
    if pool.n_slides < 2:
        raise NoThreshold(f"cells of {pool.n_slides} slides, where a threshold of the study needs at least 2")
    if len(pool.signal) < _FEWEST_CELLS:
        raise NoThreshold(f"{len(pool.signal)} cells, where {_FEWEST_CELLS} are needed")
    values = pool.signal
    if scale == "log" and (values > 0).any():
        values = np.log(np.maximum(values, values[values > 0].min()))
    parting = part_in_two(values, pool.weights)
    if parting is None or (scale == "linear" and parting.cut <= 0) or not (pool.signal > 0).any():
        raise NoThreshold("the cells show no signal")
    if parting.separation < _SEPARATION:
        raise NoThreshold(
            f"the cells fall into no two groups: {parting.separation:.1f} standard deviations between the parts, where "
            f"{_SEPARATION} are asked for"
        )
    if parting.smaller_share < _SMALLEST_GROUP or parting.n_smaller < _FEWEST_IN_GROUP:
        raise NoThreshold(f"the smaller group holds {parting.n_smaller} cells, too few to be told from stray values")
    if pool.share_by_slide(values > parting.cut) > _MOST_BY_SLIDE:
        raise NoThreshold("the two groups are slides rather than cells, as when slides were exposed differently")
    return parting


def _measures(markers: Markers) -> dict[str, str]:
    if isinstance(markers, Mapping):
        return dict(markers)
    return dict.fromkeys([markers] if isinstance(markers, str) else markers, "intensity")


def _check_steps(steps: tuple[float, float]) -> None:
    if not 1 < steps[0] < steps[1]:
        raise InvalidArgument("steps are multiples of the threshold", expected="1 < 2+ < 3+", got=f"{steps!r}")
