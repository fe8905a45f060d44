"""What a drawn section is made of: every length in µm, every share between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from histo.errors import InvalidArgument
from histo.phantom.cell_spec import CellSpec

__all__ = [
    "Appearance",
    "ArtefactSpec",
    "CryptSpec",
    "SectionSpec",
    "Shape",
    "VillusSpec",
    "WallSpec",
    "smooth_noise",
]

Shape = Literal["strip", "ring", "roll"]


@dataclass(frozen=True)
class VillusSpec:
    """Villi: tapering tubes that stand on the villus-crypt junction.

    Parameters
    ----------
    height_um, height_cv : float
        Mean length of the centreline and its coefficient of variation between villi.
    width_um, pitch_um : float
        Width at half height, and distance from foot to foot along the wall.
    epithelium_um : float
        Thickness of the epithelium.
    lean_deg, bend_deg : float
        Standard deviation of the angle between foot and wall normal, and of the turn from foot to tip.
    taper : float
        Share of the width that is lost from the middle to the tip.
    waviness : float
        Relative unevenness of the width along the villus.
    detached : float
        Share of villi drawn as islands without a foot, as where the knife left the plane of the axis.
    missing : float
        Share of feet without a villus.
    """

    height_um: float = 420.0
    height_cv: float = 0.08
    width_um: float = 82.0
    pitch_um: float = 125.0
    epithelium_um: float = 21.0
    lean_deg: float = 4.0
    bend_deg: float = 8.0
    taper: float = 0.15
    waviness: float = 0.04
    detached: float = 0.0
    missing: float = 0.0


@dataclass(frozen=True)
class CryptSpec:
    """Crypts: blind tubes from the muscularis mucosae up to the villus-crypt junction.

    Parameters
    ----------
    depth_um, depth_cv : float
        Mean length of the centreline from base to mouth, and its coefficient of variation.
    width_um, pitch_um : float
        Width, and distance from crypt to crypt along the wall.
    base_gap_um : float
        Mean lamina propria between a crypt's base and the muscularis mucosae.
    oblique : float
        Share of crypts cut across, so that no mouth is seen.
    tilt_deg : float
        Standard deviation of the angle between crypt and wall normal.
    lumen_um : float
        Width of the crypt's lumen.
    """

    depth_um: float = 115.0
    depth_cv: float = 0.08
    width_um: float = 36.0
    pitch_um: float = 50.0
    base_gap_um: float = 8.0
    oblique: float = 0.0
    tilt_deg: float = 4.0
    lumen_um: float = 5.0


@dataclass(frozen=True)
class WallSpec:
    """The wall below the mucosa, and its course.

    Parameters
    ----------
    length_um : float
        Length of the mucosa-submucosa border.
    submucosa_um : float
        Thickness of muscularis mucosae and submucosa together.
    muscularis_mucosae_um : float
        Thickness of the muscularis mucosae, a part of `submucosa_um`.
    muscularis_um : float
        Thickness of the muscularis externa, both layers.
    variation : float
        Slow relative variation of the layers along the wall.
    bend_deg : float
        Amplitude of the wall's slow turns (strip), or how far a ring departs from a circle.
    plica_um : float
        Height of the submucosal folds that carry the mucosa; 0 for none.
    clefts : float
        Density of clefts in the muscle and of gaps in the submucosa, 0 to 1.
    looseness : float
        How loose the submucosa is, 0 (dense) to 1 (mostly empty).
    serosa_um : float
        Thickness of serosa beyond the muscle; from 50 µm on it holds fat.
    follicles : int
        Lymphoid follicles.
    glands : float
        Share of the wall with Brunner's glands in the submucosa.
    """

    length_um: float = 2600.0
    submucosa_um: float = 45.0
    muscularis_mucosae_um: float = 8.0
    muscularis_um: float = 34.0
    variation: float = 0.06
    bend_deg: float = 0.0
    plica_um: float = 0.0
    clefts: float = 0.1
    looseness: float = 0.35
    serosa_um: float = 0.0
    follicles: int = 0
    glands: float = 0.0


@dataclass(frozen=True)
class ArtefactSpec:
    """What goes wrong on a slide.

    Parameters
    ----------
    debris, mucus, dust : float
        Shed cells and mucus on the glass, dirt: 0 for none, 1 for as much as a bad slide has.
    lift : float
        Share of villi whose epithelium is lifted off the core at the tip (oedema).
    fold : int
        Folds of the tissue: dark bands across the section.
    """

    debris: float = 0.15
    mucus: float = 0.15
    dust: float = 0.1
    lift: float = 0.0
    fold: int = 0


@dataclass(frozen=True)
class Appearance:
    """How stain and glass look.

    Parameters
    ----------
    haematoxylin, eosin, dab : (float, float, float)
        Optical density vectors (red, green, blue) of the dyes; any length. Haematoxylin and DAB are those of Ruifrok
        and Johnston, Anal Quant Cytol Histol 2001; 23:291. Their eosin is purer than that of the slides we looked at;
        ours takes more blue.
    blue_strength, colour_strength : float
        Factors on the amounts of haematoxylin, and of the other dye.
    glass : (float, float, float)
        Intensity of empty glass, 0 to 1.
    contrast : float
        How strongly textures and single cells differ.
    ground_spread : float
        Spread (logarithm) of the stains' amounts between compartments from section to section.
    blur_um : float
        Standard deviation of the optical blur.
    noise : float
        Standard deviation of the camera's noise, as a share of full scale.
    shading : float
        Darkening towards one side, as a share.
    """

    haematoxylin: tuple[float, float, float] = (0.650, 0.704, 0.286)
    eosin: tuple[float, float, float] = (0.160, 0.880, 0.400)
    dab: tuple[float, float, float] = (0.268, 0.570, 0.776)
    blue_strength: float = 1.0
    colour_strength: float = 1.0
    glass: tuple[float, float, float] = (0.955, 0.95, 0.96)
    contrast: float = 1.0
    ground_spread: float = 0.1
    blur_um: float = 0.45
    noise: float = 0.008
    shading: float = 0.0


@dataclass(frozen=True)
class SectionSpec:
    """One drawn section of small intestine.

    Use `mouse` and `human` for sound proportions, then change what matters with `dataclasses.replace`.

    Parameters
    ----------
    shape : {"strip", "ring", "roll"}
        An open strip, a closed ring with the lumen inside, or a Swiss roll.
    rotation_deg : float
        Rotation of the whole section.
    margin_um : float
        Empty glass around the section.

    Examples
    --------
    >>> SectionSpec.mouse().villi.height_um
    420.0
    """

    shape: Shape = "strip"
    rotation_deg: float = 0.0
    margin_um: float = 80.0
    villi: VillusSpec = field(default_factory=VillusSpec)
    crypts: CryptSpec = field(default_factory=CryptSpec)
    wall: WallSpec = field(default_factory=WallSpec)
    cells: CellSpec = field(default_factory=CellSpec)
    artefacts: ArtefactSpec = field(default_factory=ArtefactSpec)
    appearance: Appearance = field(default_factory=Appearance)

    def __post_init__(self) -> None:
        if self.shape not in ("strip", "ring", "roll"):
            raise InvalidArgument("unknown shape of section", expected="strip, ring or roll", got=repr(self.shape))
        lengths = {
            "villi.height_um": self.villi.height_um,
            "villi.width_um": self.villi.width_um,
            "crypts.depth_um": self.crypts.depth_um,
            "wall.length_um": self.wall.length_um,
            "wall.submucosa_um": self.wall.submucosa_um,
            "wall.muscularis_um": self.wall.muscularis_um,
        }
        wrong = [f"{name}={value}" for name, value in lengths.items() if not value > 0]
        if wrong:
            raise InvalidArgument("lengths of a drawn section must be positive", got=", ".join(wrong))

    @classmethod
    def mouse(cls, shape: Shape = "strip") -> SectionSpec:
        """Mouse jejunum: villi of 420 µm, a muscularis of 34 µm, rings 1.7 mm across.

        In a ring the villi are shorter and thinner, or they would not fit into the lumen.
        """
        spec = cls(shape=shape)
        if shape == "ring":
            return replace(
                spec,
                villi=VillusSpec(height_um=330.0, width_um=66.0, pitch_um=118.0, taper=0.4, epithelium_um=18.0),
                wall=WallSpec(length_um=4700.0, bend_deg=9.0),
            )
        if shape == "roll":
            return replace(spec, wall=WallSpec(length_um=14000.0))
        return spec

    @classmethod
    def human(cls, shape: Shape = "strip") -> SectionSpec:
        """Human jejunum: crowded villi of 560 µm, a muscularis of 450 µm."""
        return cls(
            shape=shape,
            villi=VillusSpec(
                height_um=560.0, height_cv=0.16, width_um=135.0, pitch_um=165.0, epithelium_um=30.0, lean_deg=9.0,
                bend_deg=14.0, detached=0.05, missing=0.03,
            ),
            crypts=CryptSpec(
                depth_um=210.0, depth_cv=0.12, width_um=52.0, pitch_um=72.0, base_gap_um=14.0, oblique=0.3,
                tilt_deg=8.0, lumen_um=8.0,
            ),
            wall=WallSpec(
                length_um=3200.0, submucosa_um=320.0, muscularis_mucosae_um=35.0, muscularis_um=450.0, variation=0.12,
                bend_deg=10.0, looseness=0.55, clefts=0.3,
            ),
            cells=CellSpec(lymphocyte_per_mm2=5200.0, stromal_per_mm2=3200.0, goblet=0.14),
        )  # fmt: skip


def smooth_noise(rng: np.random.Generator, n: int, period: int, *, closed: bool) -> np.ndarray:
    """Draw a slow periodic or open curve of unit standard deviation over `n` places."""
    n_waves = max(1, n // max(period, 1))
    phase = np.linspace(0, 2 * np.pi if closed else np.pi, n, endpoint=not closed)
    waves = np.arange(1, n_waves + 1)
    weights = rng.normal(size=n_waves) * np.exp(-((waves / n_waves) ** 2))
    shifts = rng.uniform(0, 2 * np.pi, n_waves)
    curve = (weights[:, None] * np.sin(waves[:, None] * phase + shifts[:, None])).sum(axis=0)
    eased: np.ndarray = curve / max(float(np.sqrt((weights**2).sum() / 2)), 1e-9)
    return eased
