"""The signal along and across a junction: width, background, intensity, how much of the interface it fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.measure.junction.network import Junction
from histo.measure.junction.ridge import across, normals_of
from histo.measure.junction.settings import MeasureSettings

__all__ = ["Light", "field_contrast", "read_light"]

Floats = NDArray[np.float64]

# The same on all pixels, so that a band holds the same places.
_STEP_UM = 0.05
# A mean so far to both sides is the height of a junction: the highest value would grow with noise.
_MIDDLE_UM = 0.1
# Squared width at half maximum of a Gaussian as narrow as a pixel, over the pixel's square.
_PIXEL_WIDTH = 8 * np.log(2) / 12


@dataclass(frozen=True, eq=False)
class Light:
    """The signal beside a junction, straightened, its background taken off.

    Parameters
    ----------
    rise : (n, m) array
        Signal over background at each point of the junction, across it.
    offsets_um : (m,) array
        Distance from the curve; negative to the left.
    weights_um : (n,) array
        Length of junction that each point stands for.
    is_stained : (n,) array of bool
        Where the junction is stained.
    background : float
        What was taken off: the mean of both sides.
    pixel_um : float
        Width of a pixel.
    """

    rise: Floats
    offsets_um: Floats
    weights_um: Floats
    is_stained: NDArray[np.bool_]
    background: float
    pixel_um: float

    def within(self, reach_um: float) -> NDArray[np.bool_]:
        """Which offsets lie that near to the curve."""
        return np.abs(self.offsets_um) <= reach_um + 1e-9

    @property
    def profile(self) -> Floats:
        """Mean of what is stained, across the junction; of all of it where nothing is."""
        chosen = self.is_stained if self.is_stained.any() else np.ones_like(self.is_stained)
        return np.asarray(np.average(self.rise[chosen], axis=0, weights=self.weights_um[chosen]))

    @property
    def width_um(self) -> float:
        """Full width at half maximum of the profile; NaN where it does not fall to half.

        The width of the pixel is taken off, as of Gaussians; that of the optical blur is not known and stays.
        """
        profile, offsets = self.profile, self.offsets_um
        near = np.flatnonzero(self.within(0.5 * offsets[-1]))
        top = int(near[profile[near].argmax()])
        half = 0.5 * profile[top]
        below = np.flatnonzero(profile < half)
        left, right = below[below < top], below[below > top]
        if half <= 0 or not left.size or not right.size:
            return np.nan
        seen = _crossing(offsets, profile, right[0] - 1, half) - _crossing(offsets, profile, left[-1], half)
        return float(np.sqrt(max(seen**2 - _PIXEL_WIDTH * self.pixel_um**2, 0.0)))

    def mean_rise(self, band_um: float) -> float:
        """Mean over the band along the whole junction."""
        return float(np.average(self.rise[:, self.within(band_um)].mean(axis=1), weights=self.weights_um))

    def total_rise(self, reach_um: float) -> float:
        """Integral over the junction's length and across it, signal times µm²."""
        here = self.within(reach_um)
        step = self.offsets_um[1] - self.offsets_um[0]
        return float((self.rise[:, here].sum(axis=1) * step * self.weights_um).sum())

    def filling(self, band_um: float, threshold: float) -> tuple[float, float]:
        """Find the share of the band that rises over a threshold, and the mean rise there; NaN where nothing does."""
        band = self.rise[:, self.within(band_um)]
        weights = np.broadcast_to(self.weights_um[:, None], band.shape)
        is_marked = band >= threshold
        marked = float(weights[is_marked].sum())
        density = float((band * weights)[is_marked].sum() / marked) if marked > 0 else np.nan
        return marked / float(weights.sum()), density


def read_light(spline: NDArray[np.floating], junction: Junction, mpp: float, settings: MeasureSettings) -> Light:
    """Straighten the signal beside a junction and take its background off.

    Parameters
    ----------
    spline : (rows, cols) array
        Coefficients of the cubic spline through the signal: read linearly it would be wider than it is.
    junction : Junction
        The curve.
    mpp : float
        µm per pixel.
    settings : MeasureSettings
        How far is read, and from where on it is background.

    Returns
    -------
    Light

    Notes
    -----
    The background of a side is the median of what lies between `background_um` and `reach_um` from the curve, so that
    neither spots nor the ends of other junctions raise it.
    """
    n_steps = round(settings.reach_um / _STEP_UM)
    offsets_um = np.arange(-n_steps, n_steps + 1, dtype=np.float64) * _STEP_UM
    normals = normals_of(junction.points, is_ring=junction.is_ring)
    values = across(spline, junction.points, normals, offsets_um / mpp, is_spline=True)
    sides = [offsets_um <= -settings.background_um, offsets_um >= settings.background_um]
    background = float(np.mean([np.median(values[:, side]) for side in sides]))
    steps = np.diff(junction.positions) * mpp
    weights = 0.5 * (np.concatenate([steps, [0.0]]) + np.concatenate([[0.0], steps]))
    return Light(values - background, offsets_um, weights, junction.present >= 0.5, background, mpp)


def field_contrast(lights: list[Light]) -> float:
    """Find how high the stained junctions of a field rise in their middle: the median over their length."""
    heights = [light.rise[:, light.within(_MIDDLE_UM)].mean(axis=1)[light.is_stained] for light in lights]
    stained = np.concatenate(heights) if heights else np.zeros(0)
    return float(np.median(stained)) if stained.size else np.nan


def _crossing(offsets: Floats, profile: Floats, at: int, half: float) -> float:
    """Find between an offset and the next where the profile passes half."""
    part = (half - profile[at]) / (profile[at + 1] - profile[at])
    return float(offsets[at] + part * (offsets[at + 1] - offsets[at]))
