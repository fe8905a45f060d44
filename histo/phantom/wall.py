"""The course of the wall and the thickness of its layers.

The mucosa stands on the *border* to the submucosa; submucosa and muscle are laid off the *base*. The two are one curve,
except where plicae lift the border off the base.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histo.phantom.curve import STEP_UM, Curve, evenly_spaced
from histo.phantom.spec import SectionSpec, smooth_noise

__all__ = ["Wall", "lay_wall"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Wall:
    """Two curves and the layers laid off them.

    Parameters
    ----------
    border : Curve
        Mucosa-submucosa border; its normals point to the lumen.
    base : Curve
        Where the border would run without plicae.
    crypt_zone_um : (n,) array
        From the border to the villus-crypt junction, at each point of the border.
    submucosa_um, muscularis_um : (m,) array
        Thickness below the base, at each of its points.
    """

    border: Curve
    base: Curve
    crypt_zone_um: Floats
    submucosa_um: Floats
    muscularis_um: Floats

    @property
    def is_folded(self) -> bool:
        """Whether plicae lift the border off the base."""
        return self.border is not self.base

    @property
    def reach_um(self) -> float:
        """How far the wall goes below its base at most."""
        return float((self.submucosa_um + self.muscularis_um).max())

    def moved(self, shift: Floats) -> Wall:
        """Shift everything by (row, column) µm."""
        base = replace(self.base, points=self.base.points + shift)
        border = replace(self.border, points=self.border.points + shift) if self.is_folded else base
        return replace(self, border=border, base=base)


def lay_wall(spec: SectionSpec, rng: np.random.Generator) -> Wall:
    """Lay the wall's curves and give each place its layers."""
    closed = spec.shape == "ring"
    base = Curve.through(_course(spec, rng), is_closed=closed)
    border = _lift(spec, rng, base) if spec.wall.plica_um > 0 else base
    share, n = spec.wall.variation, len(base.points)
    zone = spec.crypts.depth_um + spec.crypts.base_gap_um
    return Wall(
        border=border,
        base=base,
        crypt_zone_um=zone * _varied(rng, len(border.points), share * 0.6, closed=closed),
        submucosa_um=spec.wall.submucosa_um * _varied(rng, n, share, closed=closed),
        muscularis_um=spec.wall.muscularis_um * _varied(rng, n, share, closed=closed),
    )


def _varied(rng: np.random.Generator, n: int, share: float, *, closed: bool) -> Floats:
    varied: Floats = 1 + share * np.clip(smooth_noise(rng, n, 250, closed=closed), -2, 2)
    return varied


def _course(spec: SectionSpec, rng: np.random.Generator) -> Floats:
    """Draw the curve's points; the lumen lies to the left of its direction."""
    turn = np.deg2rad(spec.rotation_deg)
    if spec.shape == "strip":
        n = max(64, round(spec.wall.length_um / STEP_UM))
        heading = turn + np.deg2rad(spec.wall.bend_deg) * smooth_noise(rng, n, n // 3, closed=False)
        return np.cumsum(STEP_UM * np.stack([-np.sin(heading), np.cos(heading)], axis=1), axis=0)
    if spec.shape == "ring":
        angle = np.linspace(0, 2 * np.pi, round(spec.wall.length_um), endpoint=False)
        oval = 1 + 0.6 * np.deg2rad(spec.wall.bend_deg) * np.cos(2 * angle + rng.uniform(0, 2 * np.pi))
        radius = oval * spec.wall.length_um / (2 * np.pi)
    else:
        angle, radius = _spiral(spec)
    return np.stack([radius * np.sin(-angle - turn), radius * np.cos(-angle - turn)], axis=1)


def _spiral(spec: SectionSpec) -> tuple[Floats, Floats]:
    """Archimedean spiral whose turns leave room for a whole wall and its villi."""
    wall = spec.wall
    pitch = (
        spec.villi.height_um * 1.3 + spec.crypts.depth_um * 1.1 + 1.1 * (wall.submucosa_um + wall.muscularis_um) + 60
    )
    inner, growth = 1.1 * pitch, pitch / (2 * np.pi)
    end = (np.sqrt(inner**2 + 2 * growth * wall.length_um) - inner) / growth
    angle = np.linspace(0, end, round(wall.length_um))
    return angle, inner + growth * angle


def _lift(spec: SectionSpec, rng: np.random.Generator, base: Curve) -> Curve:
    """Raise the border on plicae, rounded at their edges."""
    place = np.arange(len(base.points)) * STEP_UM
    height = np.zeros(len(place))
    spacing = spec.wall.plica_um * rng.uniform(2.4, 3.4)
    for centre in np.arange(spacing * rng.uniform(0.3, 0.7), place[-1], spacing):
        width = spec.wall.plica_um * rng.uniform(0.42, 0.6)
        bump = np.exp(-((np.abs(place - centre) / width) ** 3))
        height = np.maximum(height, spec.wall.plica_um * rng.uniform(0.6, 1.1) * bump)
    even = evenly_spaced(base.points + base.normals * height[:, None], closed=base.is_closed)
    window = 45
    padded = np.pad(even, ((window, window), (0, 0)), mode="wrap" if base.is_closed else "edge")
    kernel = np.hanning(2 * window + 1) / np.hanning(2 * window + 1).sum()
    rounded = np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in range(2)], axis=1)
    return Curve.through(rounded, is_closed=base.is_closed)
