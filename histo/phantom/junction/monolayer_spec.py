"""What a drawn monolayer is made of: every length in µm, every share between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from histo.errors import InvalidArgument
from histo.phantom.spec import Appearance

__all__ = ["BorderSpec", "CameraSpec", "GroundSpec", "JunctionStainSpec", "MonolayerSpec", "MosaicSpec"]

_SHARES = {
    "irregularity", "left_out", "folded", "gap_fraction", "unstained", "residual", "beads", "tilted", "offset"
}  # fmt: skip
_FREE = {"top_um", "left_um", "direction_deg"}
_POSITIVE = {
    "height_um", "width_um", "cell_um", "elongation", "fold_um", "rough_um", "band_um", "gap_um", "bead_um", "photons",
    "full_scale",
}  # fmt: skip


@dataclass(frozen=True)
class MosaicSpec:
    """The polygons that the cells would be if their borders were straight.

    Parameters
    ----------
    cell_um : float
        Diameter of the circle that has the mean cell's area.
    irregularity : float
        0 for a honeycomb, 1 for polygons of very unequal size and shape.
    left_out : float
        Share of cells whose place their neighbours take over, which makes large ones.
    elongation, direction_deg : float
        Length over width of the mean cell, and the angle of its length with the rows.
    shortest_um : float
        Corners nearer to each other than this are one corner, where four or more cells meet.
    """

    cell_um: float = 14.0
    irregularity: float = 0.55
    left_out: float = 0.0
    elongation: float = 1.0
    direction_deg: float = 0.0
    shortest_um: float = 1.2


@dataclass(frozen=True)
class BorderSpec:
    """The course of a border from corner to corner.

    Parameters
    ----------
    bow_deg : float
        Standard deviation of the angle by which the whole border bows out, at its ends.
    fold_deg : float
        Angle that folds make with the border's course: 30 waves, 70 zig-zags, 95 makes fingers.
    fold_um : float
        Length of border in one fold, there and back.
    sharpness : float
        0 for round folds, 3 for straight flanks with narrow turns.
    folded : float
        Share of borders that are folded at all.
    rough_deg, rough_um : float
        Standard deviation of small irregular turns, and their length.
    """

    bow_deg: float = 8.0
    fold_deg: float = 0.0
    fold_um: float = 6.0
    sharpness: float = 0.5
    folded: float = 1.0
    rough_deg: float = 14.0
    rough_um: float = 3.0


@dataclass(frozen=True)
class JunctionStainSpec:
    """The stained band along the borders.

    Parameters
    ----------
    band_um, band_cv : float
        Width of the band (full width at half maximum, before optical blur), and its variation between borders; wide
        bands are weaker, as where they are out of focus.
    strength_cv : float
        Variation of the strength between borders; the mean band has a strength of 1 before optical blur.
    beads, bead_um : float
        Relative unevenness of the strength along a border, and the length of its grains.
    corners : float
        How much stronger the band is at the corners, as a share.
    gap_fraction, gap_um : float
        Share of the borders' length that is not stained, and mean length of a gap.
    unstained : float
        Share of borders that are not stained at all, on top.
    residual : float
        Strength left in gaps.
    tilted, tilt_um : float
        Share of borders whose wall is seen aslant below the junction, and how far it reaches.
    spikes_per_um, spike_um : float
        Short stained threads that leave the band at about right angles, and their mean length.
    """

    band_um: float = 0.35
    band_cv: float = 0.15
    strength_cv: float = 0.2
    beads: float = 0.2
    bead_um: float = 0.7
    corners: float = 0.2
    gap_fraction: float = 0.0
    gap_um: float = 1.5
    unstained: float = 0.0
    residual: float = 0.0
    tilted: float = 0.0
    tilt_um: float = 2.0
    spikes_per_um: float = 0.0
    spike_um: float = 1.5


@dataclass(frozen=True)
class GroundSpec:
    """What shines besides the junctions, in strengths of the mean band.

    Parameters
    ----------
    background : float
        Everywhere.
    uneven : float
        Relative slow unevenness of the illumination.
    cytoplasm, cytoplasm_cv : float
        In the mean cell, and its variation between cells.
    cloud : float
        Out of focus light in clouds of 10 to 40 µm.
    texture : float
        Standard deviation of fine texture.
    bleed, bleed_um : float
        Share of the junctions' light that comes from out of focus, and how far it spreads.
    puncta_per_mm2, puncta : float
        Small bright grains, and their strength.
    blobs_per_mm2, blob_um : float
        Bright blobs such as dead cells and aggregates, and their size.
    """

    background: float = 0.05
    uneven: float = 0.1
    cytoplasm: float = 0.05
    cytoplasm_cv: float = 0.4
    cloud: float = 0.03
    texture: float = 0.01
    bleed: float = 0.2
    bleed_um: float = 1.5
    puncta_per_mm2: float = 1000.0
    puncta: float = 0.3
    blobs_per_mm2: float = 30.0
    blob_um: float = 0.8


@dataclass(frozen=True)
class CameraSpec:
    """Lens and camera.

    Parameters
    ----------
    blur_um : float
        Standard deviation of the optical blur.
    photons : float
        Photons in a pixel where the signal is 1: fewer, more noise.
    read_noise : float
        Standard deviation of the read-out noise, in photons.
    full_scale : float
        Signal at which the camera saturates.
    offset : float
        Counts without light, as a share of the largest count.
    bits : int
        Bit depth, 8 to 16.
    hot_per_megapixel : float
        Pixels that are always full.
    """

    blur_um: float = 0.2
    photons: float = 400.0
    read_noise: float = 3.0
    full_scale: float = 2.0
    offset: float = 0.01
    bits: int = 16
    hot_per_megapixel: float = 0.0


@dataclass(frozen=True)
class MonolayerSpec:
    """A window of an endless epithelium seen from above.

    Presets give the looks of published sets; change what matters with `dataclasses.replace`.

    Parameters
    ----------
    height_um, width_um : float
        Size of the window.
    top_um, left_um : float
        Where the window lies: other windows of the same seed show other parts of the same tissue.
    mosaic, border, stain, ground, camera
        See each.
    look : Appearance
        Colours, glass and noise where the protein is stained with DAB; `ground` then says how much brown lies between
        the junctions, and `camera` gives the blur alone.

    Raises
    ------
    InvalidArgument
        If a length is not positive or a share not between 0 and 1; all wrong values are in the message.

    Examples
    --------
    >>> MonolayerSpec.zigzag().border.fold_deg > MonolayerSpec.control().border.fold_deg
    True
    """

    height_um: float = 100.0
    width_um: float = 100.0
    top_um: float = 0.0
    left_um: float = 0.0
    mosaic: MosaicSpec = field(default_factory=MosaicSpec)
    border: BorderSpec = field(default_factory=BorderSpec)
    stain: JunctionStainSpec = field(default_factory=JunctionStainSpec)
    ground: GroundSpec = field(default_factory=GroundSpec)
    camera: CameraSpec = field(default_factory=CameraSpec)
    look: Appearance = field(default_factory=Appearance)

    def __post_init__(self) -> None:
        wrong = _wrong_values("", self)
        for part in ("mosaic", "border", "stain", "ground", "camera"):
            wrong += _wrong_values(f"{part}.", getattr(self, part))
        if self.stain.gap_fraction > 0.9:
            wrong.append(f"stain.gap_fraction={self.stain.gap_fraction}")
        if self.mosaic.left_out > 0.35:
            wrong.append(f"mosaic.left_out={self.mosaic.left_out}")
        if self.camera.bits not in range(8, 17):
            wrong.append(f"camera.bits={self.camera.bits}")
        if wrong:
            raise InvalidArgument(
                "a monolayer cannot be drawn from these values",
                expected=(
                    "lengths and strengths of 0 or more (cells, bands, gaps and the window above 0), shares from 0 to "
                    "1 (gap_fraction to 0.9, left_out to 0.35), bits from 8 to 16"
                ),
                got=", ".join(wrong),
            )

    @classmethod
    def control(cls) -> MonolayerSpec:
        """Draw ZO-1 of an intact intestinal monolayer, borders slightly curved."""
        return cls(
            mosaic=MosaicSpec(cell_um=16.5, irregularity=0.85, left_out=0.15, elongation=1.2, direction_deg=60.0),
            border=BorderSpec(bow_deg=24.0, rough_deg=26.0, rough_um=2.4),
            stain=JunctionStainSpec(
                band_um=0.45, band_cv=0.3, strength_cv=0.2, tilted=0.6, tilt_um=2.2, beads=0.2, bead_um=0.5, corners=0.3
            ),
            ground=GroundSpec(
                background=0.08, cytoplasm=0.035, cytoplasm_cv=0.8, cloud=0.06, texture=0.012, bleed=0.8, bleed_um=1.3,
                puncta_per_mm2=1500.0, puncta=0.08, blobs_per_mm2=150.0,
            ),
            camera=CameraSpec(blur_um=0.17, photons=900.0, full_scale=2.4),
        )  # fmt: skip

    @classmethod
    def zigzag(cls) -> MonolayerSpec:
        """Let the borders of `control` run in zig-zags."""
        spec = cls.control()
        return replace(
            spec,
            mosaic=MosaicSpec(cell_um=24.0, irregularity=0.85, left_out=0.33),
            border=BorderSpec(
                bow_deg=20.0, fold_deg=76.0, fold_um=6.0, sharpness=0.8, folded=0.85, rough_deg=30.0, rough_um=2.2
            ),
            stain=replace(spec.stain, band_um=0.3, tilted=0.3, beads=0.3),
            ground=replace(spec.ground, bleed=0.5),
        )

    @classmethod
    def flowers(cls) -> MonolayerSpec:
        """Let neighbours interlock in long fingers, like petals around a centre."""
        spec = cls.zigzag()
        return replace(
            spec,
            mosaic=replace(spec.mosaic, cell_um=27.0),
            border=BorderSpec(
                bow_deg=20.0, fold_deg=102.0, fold_um=20.0, sharpness=1.8, folded=0.8, rough_deg=26.0, rough_um=2.2
            ),
            stain=replace(spec.stain, beads=0.4, strength_cv=0.35),
        )

    @classmethod
    def kidney(cls) -> MonolayerSpec:
        """Draw ZO-1 of a kidney cell line (MDCK): thin jagged borders over grainy cells."""
        return cls(
            mosaic=MosaicSpec(cell_um=13.5, irregularity=0.75, left_out=0.05, elongation=1.15, direction_deg=70.0),
            border=BorderSpec(
                bow_deg=22.0, fold_deg=42.0, fold_um=2.2, sharpness=1.0, folded=0.7, rough_deg=38.0, rough_um=1.6
            ),
            stain=JunctionStainSpec(
                band_um=0.28, band_cv=0.3, strength_cv=0.2, beads=0.45, bead_um=0.35, tilted=0.3, tilt_um=2.0
            ),
            ground=GroundSpec(
                background=0.12, cytoplasm=0.14, cytoplasm_cv=0.35, cloud=0.14, texture=0.03, bleed=0.35, bleed_um=1.2,
                puncta_per_mm2=90000.0, puncta=0.2, blobs_per_mm2=60.0,
            ),
            camera=CameraSpec(
                blur_um=0.15, photons=900.0, read_noise=8.0, full_scale=4.0, offset=0.12, bits=12,
                hot_per_megapixel=40.0,
            ),
        )  # fmt: skip

    @classmethod
    def kidney_knockout(cls) -> MonolayerSpec:
        """Draw ZO-1 of `kidney` cells that lack a motor protein: smoother borders, partly out of focus, dark cells."""
        spec = cls.kidney()
        return replace(
            spec,
            border=BorderSpec(bow_deg=20.0, rough_deg=24.0, rough_um=1.8),
            stain=replace(spec.stain, band_um=0.38, band_cv=0.5, tilted=0.2),
            ground=replace(spec.ground, cytoplasm=0.05, cloud=0.04, texture=0.015, bleed=0.25, puncta_per_mm2=25000.0),
        )

    @classmethod
    def adherens(cls) -> MonolayerSpec:
        """Draw beta-catenin of spread endothelium-like cells: broad frayed bands, threads, bright cells."""
        return cls(
            mosaic=MosaicSpec(cell_um=27.0, irregularity=0.8, left_out=0.1, elongation=1.5, direction_deg=15.0),
            border=BorderSpec(
                bow_deg=18.0, fold_deg=40.0, fold_um=4.0, sharpness=0.5, folded=0.6, rough_deg=34.0, rough_um=1.8
            ),
            stain=JunctionStainSpec(
                band_um=0.6, band_cv=0.5, strength_cv=0.3, beads=0.5, bead_um=0.6, tilted=0.8, tilt_um=3.5,
                spikes_per_um=2.5, spike_um=2.0, gap_fraction=0.08, gap_um=1.2, residual=0.2,
            ),
            ground=GroundSpec(
                background=0.45, uneven=0.2, cytoplasm=0.4, cytoplasm_cv=0.3, cloud=0.25, texture=0.12, bleed=0.7,
                bleed_um=2.2, puncta_per_mm2=90000.0, puncta=0.2, blobs_per_mm2=150.0,
            ),
            camera=CameraSpec(blur_um=0.2, photons=250.0, full_scale=6.0, offset=0.02, bits=8),
        )  # fmt: skip

    @classmethod
    def membrane(cls) -> MonolayerSpec:
        """Draw a membrane marker of a tissue whose cells are cut across: thick bands, nothing between, saturated."""
        return cls(
            mosaic=MosaicSpec(cell_um=10.0, irregularity=0.7, elongation=1.25, direction_deg=40.0),
            border=BorderSpec(bow_deg=18.0, rough_deg=12.0),
            stain=JunctionStainSpec(band_um=0.45, band_cv=0.3, strength_cv=0.3, beads=0.35, bead_um=1.0),
            ground=GroundSpec(
                background=0.0, cytoplasm=0.02, cytoplasm_cv=1.2, cloud=0.02, texture=0.02, bleed=0.3, bleed_um=0.8,
                puncta_per_mm2=8000.0, puncta=0.25, blobs_per_mm2=0.0,
            ),
            camera=CameraSpec(blur_um=0.22, photons=900.0, full_scale=1.3, bits=8, offset=0.0),
        )  # fmt: skip


def _wrong_values(prefix: str, part: object) -> list[str]:
    wrong = []
    for one in fields(part):  # type: ignore[arg-type]
        value = getattr(part, one.name)
        if not isinstance(value, int | float) or one.name in _FREE:
            continue
        is_right = 0 <= value <= 1 if one.name in _SHARES else value > 0 if one.name in _POSITIVE else value >= 0
        if not is_right or value == float("inf"):
            wrong.append(f"{prefix}{one.name}={value}")
    return wrong
