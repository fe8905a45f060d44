"""Barrier staining of one picture: how much, where in the epithelium, how continuous along the lumen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.location import check_same_field
from histo.measure.raster import distance_to
from histo.measure.section import measure_section
from histo.measure.staining.amount import measure_amount
from histo.measure.staining.axis import CryptVillusAxis
from histo.measure.staining.background import Background, find_background
from histo.measure.staining.band import REGIONS, EpitheliumPixels, PictureGrid, find_epithelium
from histo.measure.staining.census import take_census
from histo.measure.staining.edge import Borders, find_borders
from histo.measure.staining.line import ApicalLine, trace_lines
from histo.measure.staining.membrane import inner_part, membrane_ratios
from histo.measure.staining.picture_threshold import stain_threshold_from_controls
from histo.measure.staining.quality import StainingQuality, finest_detail_um, judge, saturated_percent, unevenness
from histo.measure.staining.region import (
    StainedEpithelium,
    signals_by_region,
    tabulate_gaps,
    tabulate_profile,
    tabulate_regions,
)
from histo.measure.staining.settings import StainingSettings
from histo.measure.staining.signal import Stain, StainSignal, read_signal, without_counterstain
from histo.measure.staining.threshold import StainThreshold
from histo.schema import STAINING, STAINING_GAPS, STAINING_PROFILE, STAINING_REGIONS, check_table, empty_table
from histo.types import Compartment, LabelMap

__all__ = ["StainingMeasures", "measure_staining"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_OFF_TISSUE_UM = 5.0
_OFF_BORDER_UM = 3.0
_STANDS_OUT = 5.0
# Without labels only a field that is stained all over tells of the light, and not of where the tissue lies.
_FEWEST_PARTS_OF_FIELD = 14
_DEFAULTS = StainingSettings()


@dataclass(frozen=True, eq=False)
class StainingMeasures:
    """Barrier staining of one picture, columns as in the schema, without the identity.

    Parameters
    ----------
    field : DataFrame
        One row: how much is stained, and whether the picture may be measured.
    regions : DataFrame
        One row a region of the epithelium; without a label map empty, as the following.
    profile : DataFrame
        One row a stretch of the crypt-villus axis.
    gaps : DataFrame
        One row a gap of the apical line.
    census : DataFrame
        How often each signal occurs, by which `judge_by` applies a threshold that is set later.
    lines : tuple of ApicalLine
        The luminal edge and where the apical line is seen on it, for overlays; µm from the map's outer corner.
    """

    field: pd.DataFrame
    regions: pd.DataFrame
    profile: pd.DataFrame
    gaps: pd.DataFrame
    census: pd.DataFrame
    lines: tuple[ApicalLine, ...] = ()


def measure_staining(
    image: NDArray[np.generic],
    *,
    mpp: float,
    stain: Stain = "fluorescence",
    labels: LabelMap | None = None,
    controls: StainThreshold | Sequence[NDArray[np.generic]] | None = None,
    membranes: NDArray[np.bool_] | None = None,
    settings: StainingSettings = _DEFAULTS,
) -> StainingMeasures:
    """Measure the staining of a junction or barrier protein: ZO-1, occludin, claudins, E-cadherin, zonulin.

    Parameters
    ----------
    image : (rows, cols) or (rows, cols, 3) array
        One channel of fluorescence, or RGB of ``uint8`` of a DAB section.
    mpp : float
        µm per pixel.
    stain : {"fluorescence", "dab"}
    labels : LabelMap, optional
        Compartments of the same field, from the same outer corner, at any pixel size. Without it only the whole field
        is measured.
    controls : StainThreshold or sequence of arrays, optional
        From where on a pixel is positive: from `stain_threshold_from_controls` or `stain_threshold_from_study`, or the
        pictures of negative controls themselves, at the same µm/px. Never taken from the field: every field would have
        positive pixels, whether or not it holds the antigen. Without it what needs a threshold is missing.
    membranes : (rows, cols) bool array, optional
        Lines of cell membranes on the picture, for the membrane:cytoplasm ratio; ridges of the signal otherwise.
    settings : StainingSettings
        Depth of the apical band and other lengths; limits of quality, and whether to refuse what is beyond them.

    Returns
    -------
    StainingMeasures

    Raises
    ------
    InvalidArgument
        If the picture is not of its stain, labels or membranes are not of the same field, or membranes come without
        labels.
    MissingPixelSize
        If `mpp` is not a positive number.
    NoThreshold
        If the controls given allow none.
    UnusableStaining
        If the settings are strict and the picture is saturated, out of focus or uneven.

    Notes
    -----
    All of it is in µm and per length or area, so that neither the pixel size nor the field of view enters, with two
    exceptions that the definitions name: positive pixels per mm² and the integrated density. No published standard for
    apical fraction or membrane:cytoplasm ratio in sections was found; the definitions are ours. Intensities may be
    compared only between pictures of one staining run, exposure and camera; fractions, ratios, continuity and gradient
    do not depend on those. Of the label map's epithelium only that whose luminal edge is seen is measured.

    Examples
    --------
    >>> image = np.zeros((100, 100), np.uint16)
    >>> image[40:60] = 900
    >>> measured = measure_staining(image, mpp=0.5, controls=StainThreshold(200.0))
    >>> measured.field["positive_area_percent"].round(1).tolist()
    [20.0]
    """
    signal = read_signal(image, mpp=mpp, stain=stain, colours=settings.colours)
    threshold = _threshold(controls, signal, settings)
    if labels is None:
        if membranes is not None:
            raise InvalidArgument("membranes are measured in epithelium", next_step="Give labels= too.")
        whole = np.ones(signal.intensity.shape, dtype=bool)
        background = find_background(signal.intensity, mpp, given=settings.background)
        stands_out = signal.intensity - background.level > _STANDS_OUT * max(background.noise, 1e-6)
        seen = _Seen(signal, background, "field", whole, _FEWEST_PARTS_OF_FIELD)
        return StainingMeasures(
            field=_field_row(seen, stands_out.astype(np.float32), threshold, settings),
            regions=empty_table(STAINING_REGIONS.columns),
            profile=empty_table(STAINING_PROFILE.columns),
            gaps=empty_table(STAINING_GAPS.columns),
            census=take_census({"field": seen.excess.ravel()}, {}),
        )
    return _measure_section(signal, labels, threshold, membranes, settings)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A picture, its background, its area, and how many of its 16 parts must be stained to judge the light."""

    signal: StainSignal
    background: Background
    area_of: str
    area: Mask
    fewest_parts: int = 6

    @property
    def excess(self) -> Image:
        """Signal with the background taken off."""
        return self.signal.intensity - np.float32(self.background.level)


def _measure_section(
    signal: StainSignal,
    labels: LabelMap,
    threshold: StainThreshold | None,
    membranes: NDArray[np.bool_] | None,
    settings: StainingSettings,
) -> StainingMeasures:
    grid = _same_field(signal, labels)
    section = measure_section(labels)
    borders = find_borders(labels, section, crypt_lumen_um=settings.crypt_lumen_um)
    axis = CryptVillusAxis.of(labels, section)
    pixels = find_epithelium(labels, borders, axis, grid, settings)
    signal = without_counterstain(signal, _stroma(labels, grid))
    lumen = _clear_lumen(borders, labels, grid)
    background = find_background(signal.intensity, signal.mpp, lumen=lumen, given=settings.background)
    seen = _Seen(signal, background, "tissue", _tissue(labels, grid))
    values = seen.excess
    lines = _trace(seen, borders, settings)
    stained = StainedEpithelium(
        labels=labels,
        signal=values.ravel()[pixels.index],
        noise=background.noise,
        mpp=signal.mpp,
        pixels=pixels,
        axis=axis,
        lines=lines,
        membrane_ratio=_membrane_ratios(values, pixels, grid, membranes, settings),
        threshold=threshold,
    )
    profile = tabulate_profile(stained)
    every = tuple(line for region in REGIONS for line in lines[region])
    areas, edges = signals_by_region(stained)
    return StainingMeasures(
        field=_field_row(seen, _expected(pixels, grid, profile), threshold, settings),
        regions=tabulate_regions(stained, profile),
        profile=profile,
        gaps=tabulate_gaps(stained),
        census=take_census({seen.area_of: values[seen.area], **areas}, edges),
        lines=every,
    )


def _trace(seen: _Seen, borders: Borders, settings: StainingSettings) -> dict[Compartment, tuple[ApicalLine, ...]]:
    values, mpp, noise = seen.excess, seen.signal.mpp, seen.background.noise
    of_region = {region: [edge for edge in borders.edges if edge.region == region] for region in REGIONS}
    return {
        region: tuple(trace_lines(values, mpp, edges, settings, noise=noise)) for region, edges in of_region.items()
    }


def _field_row(
    seen: _Seen, expected: Image, threshold: StainThreshold | None, settings: StainingSettings
) -> pd.DataFrame:
    signal, values = seen.signal, seen.excess
    quality = StainingQuality(
        saturated_percent(signal.is_saturated, seen.area),
        finest_detail_um(signal.intensity, signal.mpp, seen.background.noise),
        unevenness(values, expected, fewest_parts=seen.fewest_parts),
    )
    flags = judge(quality, settings.limits, is_strict=settings.is_strict)
    flags += ["no_background_seen"] if seen.background.source == "none_seen" else []
    if signal.colours and not (signal.colours.is_estimated or settings.colours):
        flags.append("stain_not_found")
    row = {
        "stain": signal.stain,
        "pixel_um": signal.mpp,
        "area_of": seen.area_of,
        **measure_amount(values[seen.area], signal.mpp, threshold),
        "positive_above": threshold.positive_above if threshold else float("nan"),
        "threshold_from": threshold.origin if threshold else "",
        "background": seen.background.level,
        "background_from": seen.background.source,
        "noise": seen.background.noise,
        "counterstain_leak": signal.counterstain_leak,
        **asdict(quality),
        "flags": " ".join(flags),
    }
    return check_table(pd.DataFrame([row]), STAINING.columns)


def _threshold(
    controls: StainThreshold | Sequence[NDArray[np.generic]] | None, signal: StainSignal, settings: StainingSettings
) -> StainThreshold | None:
    if controls is None or isinstance(controls, StainThreshold):
        return controls
    # A control has no brown to find the colours by: those of the stained slide are taken.
    return stain_threshold_from_controls(
        controls, mpp=signal.mpp, stain=signal.stain, background=settings.background, colours=signal.colours
    )


def _same_field(signal: StainSignal, labels: LabelMap) -> PictureGrid:
    rows, cols = signal.intensity.shape
    check_same_field((rows, cols), signal.mpp, labels)
    return PictureGrid((rows, cols), signal.mpp)


def _clear_lumen(borders: Borders, labels: LabelMap, grid: PictureGrid) -> Mask:
    """Lumen so far from tissue that no blur reaches it."""
    away = distance_to(~(borders.lumen > 0.5)) * np.float32(labels.mpp)
    return grid.spread(away, labels.mpp) >= _OFF_TISSUE_UM


def _tissue(labels: LabelMap, grid: PictureGrid) -> Mask:
    share = (labels.array != Compartment.BACKGROUND).astype(np.float32)
    return grid.spread(share, labels.mpp) > 0.5


def _stroma(labels: LabelMap, grid: PictureGrid) -> Mask:
    """Tissue under the epithelium, as far from its border as the label map may err."""
    share = ~labels.mask(Compartment.BACKGROUND, *REGIONS)
    away = distance_to(~share) * np.float32(labels.mpp)
    return grid.spread(away, labels.mpp) > _OFF_BORDER_UM


def _mask(pixels: EpitheliumPixels, grid: PictureGrid, chosen: Mask) -> Mask:
    mask = np.zeros(grid.shape, dtype=bool)
    mask.ravel()[pixels.index[chosen]] = True
    return mask


def _expected(pixels: EpitheliumPixels, grid: PictureGrid, profile: pd.DataFrame) -> Image:
    """Say what signal each pixel has by its place on the crypt-villus axis, for that is no uneven light."""
    expected = np.zeros(grid.shape, dtype=np.float32)
    for region, stretches in profile.groupby("region"):
        own = (pixels.region == Compartment.from_label(str(region))) & (pixels.inside > 0) & np.isfinite(pixels.axis)
        stretch = np.searchsorted(stretches["axis_to"].to_numpy()[:-1], pixels.axis[own], side="right")
        due = np.maximum(stretches["mean_signal"].to_numpy(dtype=float), 0.0)
        expected.ravel()[pixels.index[own]] = due[stretch]
    return expected


def _membrane_ratios(
    values: Image,
    pixels: EpitheliumPixels,
    grid: PictureGrid,
    membranes: NDArray[np.bool_] | None,
    settings: StainingSettings,
) -> dict[str, float]:
    if membranes is not None and (membranes.shape != grid.shape or membranes.dtype != np.bool_):
        raise InvalidArgument(
            "membranes are lines on the same picture",
            expected=f"bool, {grid.shape}",
            got=f"{membranes.dtype}, {membranes.shape}",
        )
    beneath = (pixels.inside > 0) & (pixels.apical == 0)
    chosen = {
        region.label: inner_part(_mask(pixels, grid, beneath & (pixels.region == region)), grid.mpp)
        for region in REGIONS
    }
    chosen["epithelium"] = np.logical_or(*chosen.values())
    return membrane_ratios(values, grid.mpp, chosen, membrane_um=settings.membrane_um, membranes=membranes)
