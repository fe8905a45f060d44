"""The light of a monolayer before it reaches the camera: junctions, walls seen aslant, threads, grains, cells, haze."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from histo.phantom.junction.border import Borders
from histo.phantom.junction.gap import Gaps
from histo.phantom.junction.monolayer_spec import GroundSpec, JunctionStainSpec, MonolayerSpec
from histo.phantom.junction.plane import Frame, Stream, chance, normal, scatter, waves
from histo.phantom.junction.raster import blurred, splat

__all__ = ["SIGMA_PER_WIDTH", "Bands", "Light", "shine", "stain_bands"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Image = NDArray[np.float32]
SIGMA_PER_WIDTH = 1 / np.sqrt(8 * np.log(2))
_WIDTHS = 5
_GRAIN_UM = 0.08
_CORNER_UM = 0.7
_THREAD_POINTS = 24


@dataclass(frozen=True, eq=False)
class Bands:
    """How wide and how strong the band on each border is.

    Parameters
    ----------
    sigma_um : (k,) array
        The standard deviations that bands come in.
    width : (m,) int array
        Which of them each border has.
    strength : (m,) array
        Mean signal on the middle of each band, before optical blur.
    amounts : (n,) array
        Light on each of the borders' segments: signal times µm².
    """

    sigma_um: Floats
    width: Ints
    strength: Floats
    amounts: Floats

    @property
    def width_um(self) -> Floats:
        """Full width at half maximum of each band, before optical blur."""
        return np.asarray(self.sigma_um[self.width] / SIGMA_PER_WIDTH)


@dataclass(frozen=True, eq=False)
class Light:
    """Noise-free pictures, in strengths of the mean band.

    Parameters
    ----------
    junctions : (rows, cols) float32 array
        Light of the bands alone, in focus: what a measure should see.
    other : (rows, cols) float32 array
        Everything else.
    """

    junctions: Image
    other: Image


def stain_bands(spec: JunctionStainSpec, borders: Borders, gaps: Gaps, keys: Ints, seed: int) -> Bands:
    """Choose every band's width and strength, and lay its light on the border's segments."""
    levels = np.exp(spec.band_cv * ndtri((np.arange(_WIDTHS) + 0.5) / _WIDTHS))
    sigma = spec.band_um * SIGMA_PER_WIDTH * levels / levels.mean()
    width = (chance(seed, Stream.BAND, keys) * _WIDTHS).astype(np.int64)
    spread = np.sqrt(np.log1p(spec.strength_cv**2))
    strength = np.exp(spread * np.clip(normal(seed, Stream.BAND + 1, keys), -2.5, 2.5) - 0.5 * spread**2)
    strength = strength * (sigma.mean() / sigma[width]) ** 0.7
    begin = borders.segments
    stained = gaps.stained_um(borders)
    covered = stained[begin + 1] - stained[begin]
    whole = borders.arc_um[begin + 1] - borders.arc_um[begin]
    covered = covered + spec.residual * (whole - covered)
    owner = borders.owner[begin]
    per_um = (strength * np.sqrt(2 * np.pi) * sigma[width])[owner]
    middle = 0.5 * (borders.arc_um[begin] + borders.arc_um[begin + 1])
    from_corner = np.minimum(middle, borders.lengths_um[owner] - middle)
    glow = 1 + spec.corners * np.exp(-((from_corner / _CORNER_UM) ** 2))
    return Bands(sigma, width, strength, covered * per_um * glow * _beads(spec, middle, owner, keys, seed))


def _beads(spec: JunctionStainSpec, arc: Floats, owner: Ints, keys: Ints, seed: int) -> Floats:
    """Vary the strength along borders, with a mean of 1."""
    if spec.beads <= 0:
        return np.ones(len(arc))
    turn = 2 * np.pi / (2.2 * spec.bead_um)
    uneven = sum(
        np.sin(factor * turn * arc + 2 * np.pi * chance(seed, Stream.BEAD + k, keys)[owner])
        for k, factor in enumerate((0.13, 0.47, 1.0, 1.43))
    )
    return np.asarray(np.maximum(1 + spec.beads * np.sqrt(0.5) * uneven, 0.25))


@dataclass(frozen=True, eq=False)
class _Scene:
    spec: MonolayerSpec
    frame: Frame
    seed: int
    borders: Borders
    keys: Ints
    bands: Bands

    @cached_property
    def middles(self) -> Floats:
        begin = self.borders.segments
        middles: Floats = 0.5 * (self.borders.points[begin] + self.borders.points[begin + 1])
        return middles

    @property
    def owner(self) -> Ints:
        return self.borders.owner[self.borders.segments]


def shine(
    spec: MonolayerSpec, frame: Frame, seed: int, borders: Borders, keys: Ints, bands: Bands, brightness: Image
) -> Light:
    """Add up the light of everything, as the lens blurs it.

    Parameters
    ----------
    spec, frame, seed
        What is drawn, and where.
    borders, keys, bands
        The borders, their identities and their bands.
    brightness : (rows, cols) float32 array
        Relative brightness of each pixel's cell.
    """
    scene = _Scene(spec, frame, seed, borders, keys, bands)
    junctions = _bands(scene)
    other = _ground(spec.ground, frame, seed, brightness, spec.camera.blur_um)
    other += _fine(scene)
    if spec.ground.bleed > 0:
        other += spec.ground.bleed * _far(scene, spec.ground.bleed_um)
    if spec.ground.uneven > 0:
        field = 1 + spec.ground.uneven * np.clip(waves(frame, 80.0, seed, Stream.ILLUMINATION, n=6), -2, 2)
        junctions, other = junctions * field, other * field
    return Light(junctions, other)


def _bands(scene: _Scene) -> Image:
    blur = scene.spec.camera.blur_um
    sigmas = np.hypot(scene.bands.sigma_um, blur)
    wide, pad = scene.frame.padded(4 * float(sigmas.max()))
    picture = np.zeros(wide.shape, np.float32)
    width = scene.bands.width[scene.owner]
    for level, sigma in enumerate(sigmas):
        chosen = width == level
        picture += blurred(splat(scene.middles[chosen], scene.bands.amounts[chosen], wide), sigma, wide.mpp)
    return picture[pad : pad + scene.frame.shape[0], pad : pad + scene.frame.shape[1]]


def _fine(scene: _Scene) -> Image:
    """Draw grains, threads, blobs and walls seen aslant."""
    ground, frame, blur = scene.spec.ground, scene.frame, scene.spec.camera.blur_um
    grain, blob = np.hypot(blur, _GRAIN_UM), np.hypot(blur, 0.5 * ground.blob_um)
    wide, pad = frame.padded(4 * max(grain, blob, 0.5 * scene.spec.stain.tilt_um))
    puncta, keys = scatter(wide, ground.puncta_per_mm2, scene.seed, Stream.PUNCTUM)
    light = ground.puncta * 2 * np.pi * grain**2 * np.exp(0.6 * normal(scene.seed, Stream.PUNCTUM + 3, keys))
    threads, thread_light = _spikes(scene)
    small = splat(np.concatenate([puncta, threads]), np.concatenate([light, thread_light]), wide)
    picture = blurred(small, grain, wide.mpp)
    blobs, keys = scatter(wide, ground.blobs_per_mm2, scene.seed, Stream.BLOB)
    if len(blobs):
        light = 2 * np.pi * blob**2 * np.exp(0.7 * normal(scene.seed, Stream.BLOB + 3, keys))
        picture = picture + blurred(splat(blobs, light, wide), blob, wide.mpp)
    if scene.spec.stain.tilted > 0:
        walls, wall_light = _walls(scene)
        sigma = float(np.hypot(blur, 0.25 * scene.spec.stain.tilt_um))
        picture = picture + blurred(splat(walls, wall_light, wide), sigma, wide.mpp)
    return picture[pad : pad + frame.shape[0], pad : pad + frame.shape[1]]


def _spikes(scene: _Scene) -> tuple[Floats, Floats]:
    """Draw threads that leave the bands, each as a row of points that fades."""
    stain, borders = scene.spec.stain, scene.borders
    if stain.spikes_per_um <= 0:
        return np.empty((0, 2)), np.empty(0)
    count = np.round(borders.lengths_um * stain.spikes_per_um).astype(np.int64)
    side = np.repeat(np.arange(len(count)), count)
    turn = np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count)
    key = scene.keys[side]
    draw = [chance(scene.seed, Stream.SPIKE + k, key, turn) for k in range(4)]
    arc = draw[0] * borders.lengths_um[side]
    foot = borders.at(side, arc)
    end = borders.lengths_um[side]
    ahead = borders.at(side, np.minimum(arc + 0.5, end)) - borders.at(side, np.maximum(arc - 0.5, 0))
    aside = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    lean = 1.6 * (draw[2] - 0.5)[:, None] * aside[:, ::-1] * [1.0, -1.0]
    direction = np.where(draw[1] < 0.5, -1.0, 1.0)[:, None] * (aside + lean)
    length = stain.spike_um * np.minimum(0.3 - 0.7 * np.log(draw[3]), 2.5)
    share = (np.arange(_THREAD_POINTS) + 0.5) / _THREAD_POINTS
    points = foot[:, None] + share[:, None] * (length[:, None] * direction)[:, None]
    across = np.sqrt(2 * np.pi) * 0.5 * stain.band_um * SIGMA_PER_WIDTH
    light = 0.7 * across * scene.bands.strength[side] * length / _THREAD_POINTS
    return points.reshape(-1, 2), (light[:, None] * (1 - share)).ravel()


def _walls(scene: _Scene) -> tuple[Floats, Floats]:
    """Spread a part of the bands' light to one side, as where the cells' wall goes down aslant."""
    keys, seed, stain = scene.keys, scene.seed, scene.spec.stain
    is_tilted = chance(seed, Stream.WALL, keys) < stain.tilted
    angle = 2 * np.pi * chance(seed, Stream.WALL + 1, keys)
    reach = stain.tilt_um * (0.4 + 1.2 * chance(seed, Stream.WALL + 2, keys))
    shift = np.stack([np.sin(angle), np.cos(angle)], axis=1) * reach[:, None]
    chosen = np.flatnonzero(is_tilted[scene.owner])
    owner = scene.owner[chosen]
    # Golden-ratio steps from each border's start fill the way from 0 to 1 evenly.
    steps = scene.borders.segments[chosen] - scene.borders.first[owner]
    share = np.mod(steps * 0.618033988749895, 1.0)
    return scene.middles[chosen] + share[:, None] * shift[owner], 1.2 * scene.bands.amounts[chosen] * (1.3 - share)


def _far(scene: _Scene, spread_um: float) -> Image:
    """Blur the bands widely: light from above and below the plane of focus, drawn on coarser pixels."""
    frame = scene.frame
    factor = max(1, int(0.5 * spread_um / frame.mpp))
    rows, cols = (-(-size // factor) for size in frame.shape)
    coarse, pad = Frame(frame.top_um, frame.left_um, (rows, cols), frame.mpp * factor).padded(3.5 * spread_um)
    picture = blurred(splat(scene.middles, scene.bands.amounts, coarse), spread_um, coarse.mpp)
    offset = pad + 0.5 / factor - 0.5
    matrix = np.array([[1 / factor, 0, offset], [0, 1 / factor, offset]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, frame.shape[::-1], flags=flags), dtype=np.float32)


def _ground(spec: GroundSpec, frame: Frame, seed: int, brightness: Image, blur_um: float) -> Image:
    cells = cv2.GaussianBlur(brightness, (0, 0), max(blur_um / frame.mpp, 0.3))
    if spec.texture > 0:
        fine = waves(frame, 0.5, seed, Stream.TEXTURE, n=64) + waves(frame, 2.5, seed, Stream.TEXTURE + 3, n=24)
        cells = cells + np.float32(spec.texture / np.sqrt(2)) * fine
    ground = np.maximum(cells, 0) + np.float32(spec.background)
    if spec.cloud > 0:
        ground += np.float32(spec.cloud) * np.maximum(waves(frame, 16.0, seed, Stream.CLOUD, n=16), 0)
    return np.asarray(ground, dtype=np.float32)
