"""What a plane through the mucosa shows: the label map, and the truth of the villi and crypts on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.phantom.villus_field.field import VillusField
from histo.phantom.villus_field.plane import CutPlane, Sheet
from histo.types import Compartment, LabelMap

__all__ = ["CutPlane", "FieldCut", "cut_field"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Window = tuple[slice, slice]

_N_LEVELS = 33
_VALLEY_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class FieldCut:
    """A section through a villus field.

    Parameters
    ----------
    labels : LabelMap
        What the plane shows; the lumen is above.
    villi : DataFrame
        Of every villus that the plane meets: its true height in space, the places of the section nearest to the ends
        of its axis, and ``axis_off_um``: how far the axis gets from the plane.
    crypts : DataFrame
        The same of every crypt.
    plane : CutPlane
    """

    labels: LabelMap
    villi: pd.DataFrame
    crypts: pd.DataFrame
    plane: CutPlane


def cut_field(field: VillusField, plane: CutPlane, mpp: float = 1.0) -> FieldCut:
    """Cut a villus field by a plane.

    Parameters
    ----------
    field : VillusField
        The mucosa in space.
    plane : CutPlane
        Angles, place and length of the cut.
    mpp : float
        µm per pixel.

    Returns
    -------
    FieldCut

    Raises
    ------
    InvalidArgument
        If the plane leaves the square in which there are villi.
    MissingPixelSize
        If `mpp` is not a positive number.

    Examples
    --------
    >>> from histo.phantom.villus_field import VillusFieldSpec, draw_villus_field
    >>> field = draw_villus_field(VillusFieldSpec.mouse())
    >>> cut = cut_field(field, CutPlane(oblique_deg=30.0, length_um=600.0), mpp=2.0)
    >>> cut.labels.shape[1]
    300
    """
    sheet = Sheet.of(field.spec, plane, mpp)
    height = sheet.to_space((slice(0, sheet.shape[0]), slice(0, 1)))[:, 0, 2]
    array = np.repeat(_layers(field, height)[:, None], sheet.shape[1], axis=1)
    crypts = _draw_crypts(field, sheet, array)
    villi = _draw_villi(field, sheet, array)
    return FieldCut(
        LabelMap(array, mpp=mpp), _villi_table(field, sheet, villi), _crypts_table(field, sheet, crypts), plane
    )


def _layers(field: VillusField, height_um: Floats) -> NDArray[np.uint8]:
    """Compartment at heights over the muscularis mucosae where there is neither villus nor crypt."""
    spec = field.spec
    floor = spec.crypt_zone_um + _VALLEY_SHARE * spec.epithelium_um
    bounds = np.array([spec.lowest_um, -spec.submucosa_um, 0.0, spec.crypt_zone_um, floor])
    kinds = np.array(
        [
            Compartment.BACKGROUND, Compartment.MUSCULARIS, Compartment.SUBMUCOSA, Compartment.LAMINA_PROPRIA,
            Compartment.VILLUS_EPITHELIUM, Compartment.BACKGROUND,
        ],
        dtype=np.uint8,
    )  # fmt: skip
    layers: NDArray[np.uint8] = kinds[np.searchsorted(bounds, height_um)]
    return layers


def _draw_crypts(field: VillusField, sheet: Sheet, array: NDArray[np.uint8]) -> list[int]:
    """Draw the crypts, with a gap in the valley's epithelium over each mouth; returns those that show."""
    spec, crypts = field.spec, field.crypts
    floor = spec.crypt_zone_um + _VALLEY_SHARE * spec.epithelium_um
    way = (crypts.base_um - crypts.mouth_um) / crypts.depth_um[:, None]
    above = crypts.mouth_um - way * (spec.epithelium_um / -way[:, 2:])
    levels = np.linspace(0, 1, _N_LEVELS)[:, None]
    axis = above[:, None] + levels * (crypts.base_um - above)[:, None]
    shown = []
    for index, window in _windows(sheet, axis, crypts.radius_um):
        points = sheet.to_space(window)
        away = points - above[index]
        radius = float(crypts.radius_um[index])
        straight = float(np.linalg.norm(crypts.base_um[index] - above[index])) - radius
        along = np.clip(away @ way[index], 0, straight)
        inside = np.linalg.norm(away - along[..., None] * way[index], axis=-1) <= radius
        is_below = points[..., 2] <= spec.crypt_zone_um
        array[window][inside & is_below] = Compartment.CRYPT
        array[window][inside & ~is_below & (points[..., 2] <= floor)] = Compartment.BACKGROUND
        if (inside & is_below).any():
            shown.append(index)
    return shown


def _draw_villi(field: VillusField, sheet: Sheet, array: NDArray[np.uint8]) -> list[int]:
    """Draw epithelium, then cores, over what lies above the junction; returns the villi that show."""
    spec, villi = field.spec, field.villi
    reach = villi.half_ridge_um + villi.half_width_um + field.foot_flare_um
    shown, cores = [], []
    for index, window in _windows(sheet, field.villus_axes_um(_N_LEVELS), reach):
        points = sheet.to_space(window)
        depth, is_core = field.villus_depth_um(index, points)
        is_over = points[..., 2] > spec.crypt_zone_um
        array[window][(depth > 0) & is_over] = Compartment.VILLUS_EPITHELIUM
        cores.append((window, is_core & is_over))
        if ((depth > 0) & is_over).any():
            shown.append(index)
    for window, is_core in cores:
        array[window][is_core] = Compartment.VILLUS_LAMINA_PROPRIA
    return shown


def _windows(sheet: Sheet, axis_um: Floats, reach_um: Floats) -> list[tuple[int, Window]]:
    """Find the tubes that the plane may meet, and the pixels within which each must lie.

    Parameters
    ----------
    sheet : Sheet
    axis_um : (n, k, 3) array
        Places on the axes.
    reach_um : (n,) array
        No point of a tube is farther from its axis.
    """
    off = sheet.off_um(axis_um)
    # Half of the way between two places of an axis is added, for what lies between them.
    reach = reach_um + 0.5 * np.linalg.norm(np.diff(axis_um, axis=1), axis=-1).max(axis=1)
    is_near = np.abs(off) <= reach[:, None]
    away = axis_um - sheet.centre_um
    found = []
    for index in np.flatnonzero(is_near.any(axis=1)).tolist():
        near = away[index, is_near[index]]
        at = np.stack([near @ sheet.up, near @ sheet.along], axis=-1)
        window = sheet.window(at.min(axis=0) - reach[index], at.max(axis=0) + reach[index])
        if all(part.stop > part.start for part in window):
            found.append((index, window))
    return found


def _villi_table(field: VillusField, sheet: Sheet, shown: list[int]) -> pd.DataFrame:
    table = field.villi_table().loc[shown, ["villus_id", "villus_height_um"]]
    return _with_places(table, sheet, field.villus_axes_um(_N_LEVELS)[shown], ("base", "tip"))


def _crypts_table(field: VillusField, sheet: Sheet, shown: list[int]) -> pd.DataFrame:
    crypts = field.crypts
    axis = np.stack([crypts.mouth_um[shown], crypts.base_um[shown]], axis=1)
    table = field.crypts_table().loc[shown, ["crypt_id", "crypt_depth_um"]]
    return _with_places(table, sheet, axis, ("mouth", "base"))


def _with_places(table: pd.DataFrame, sheet: Sheet, axis_um: Floats, ends: tuple[str, str]) -> pd.DataFrame:
    table = table.reset_index(drop=True)
    for name, which in zip(ends, (0, -1), strict=True):
        at = sheet.to_pixels(axis_um[:, which])
        table[f"{name}_row"], table[f"{name}_col"] = at[:, 0], at[:, 1]
    table["axis_off_um"] = np.abs(sheet.off_um(axis_um)).max(axis=1, initial=0.0)
    return table
