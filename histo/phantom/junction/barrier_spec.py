"""What a drawn gut section stained for a barrier protein is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from histo.errors import InvalidArgument
from histo.phantom.junction.monolayer_spec import CameraSpec, JunctionStainSpec
from histo.phantom.spec import ArtefactSpec, SectionSpec

__all__ = ["BarrierSpec", "ProteinSpec"]

_LINE = JunctionStainSpec(
    band_um=0.7, band_cv=0.0, strength_cv=0.0, beads=0.15, bead_um=1.0, corners=0.0, gap_fraction=0.1, gap_um=5.0
)


def _clean_mouse() -> SectionSpec:
    """Leave out what lies on the glass: where mucus touches a villus there is no luminal edge to see."""
    return replace(SectionSpec.mouse(), artefacts=ArtefactSpec(debris=0.0, mucus=0.0, dust=0.0))


@dataclass(frozen=True)
class ProteinSpec:
    """How strong the protein is where, over the middle of an apical line of strength 1 before optical blur.

    Parameters
    ----------
    apical, apical_in_crypts : float
        Line along the luminal edge of villi, and of crypts.
    depth_um : float
        How far beneath the edge the line's middle lies.
    lateral, lateral_um : float
        Membranes between neighbouring cells: strength, and width (full width at half maximum).
    cell_um : float
        Distance between these membranes.
    cytoplasm : float
        Between the membranes.
    patches, patch_share, patch_um : float
        Granular stain of the cytoplasm: strength, share of the epithelium, size.
    stroma : float
        In all tissue that is not epithelium.
    background : float
        On the whole glass; not part of the true values.
    gradient : float
        Rise from crypt base (0) to villus tip (1), over the mean of both.
    texture : float
        Relative unevenness of cytoplasm and stroma.
    """

    apical: float = 1.0
    apical_in_crypts: float = 0.8
    depth_um: float = 0.6
    lateral: float = 0.25
    lateral_um: float = 0.7
    cell_um: float = 6.0
    cytoplasm: float = 0.04
    patches: float = 0.0
    patch_share: float = 0.0
    patch_um: float = 2.5
    stroma: float = 0.02
    background: float = 0.05
    gradient: float = 0.0
    texture: float = 0.15


@dataclass(frozen=True)
class BarrierSpec:
    """A section of gut, and the protein on it.

    Parameters
    ----------
    section : SectionSpec
        Geometry, and the looks of a DAB slide. Mucus and debris (none by default) hide luminal edges, which the true
        values do not know of.
    line : JunctionStainSpec
        Width, unevenness and gaps of the apical line; its ``strength_cv``, ``tilted`` and ``spikes`` are not used.
    protein : ProteinSpec
        Strengths.
    camera : CameraSpec
        Of fluorescence; its blur holds for DAB too.
    apical_um : float
        Depth of the apical band that the true values speak of.

    Raises
    ------
    InvalidArgument
        If a strength is negative, a length not positive or a share not between 0 and 1; all wrong values are in the
        message.

    Examples
    --------
    >>> BarrierSpec.cadherin().protein.lateral > BarrierSpec.zo1().protein.lateral
    True
    """

    section: SectionSpec = field(default_factory=_clean_mouse)
    line: JunctionStainSpec = _LINE
    protein: ProteinSpec = field(default_factory=ProteinSpec)
    camera: CameraSpec = field(default_factory=lambda: CameraSpec(blur_um=0.25, full_scale=1.6))
    apical_um: float = 3.0

    def __post_init__(self) -> None:
        lengths = {"depth_um", "lateral_um", "cell_um", "patch_um"}
        wrong = [] if self.apical_um > 0 else [f"apical_um={self.apical_um}"]
        for one in fields(self.protein):
            value = getattr(self.protein, one.name)
            is_right = value > 0 if one.name in lengths else value >= 0
            if one.name == "patch_share":
                is_right = 0 <= value <= 1
            if one.name == "gradient":
                is_right = -2 < value < 2
            if not is_right or value == float("inf"):
                wrong.append(f"protein.{one.name}={value}")
        if not 0 <= self.line.gap_fraction <= 0.9:
            wrong.append(f"line.gap_fraction={self.line.gap_fraction}")
        if wrong:
            raise InvalidArgument(
                "a stained section cannot be drawn from these values",
                expected="strengths of 0 or more, lengths above 0, shares from 0 to 1, a gradient between -2 and 2",
                got=", ".join(wrong),
            )

    @classmethod
    def zo1(cls) -> BarrierSpec:
        """Draw a protein of the tight junction itself: a sharp apical line, little else."""
        return cls()

    @classmethod
    def cadherin(cls) -> BarrierSpec:
        """Draw a protein of all membranes between cells, as E-cadherin: lateral lines, no apical one to speak of."""
        return cls(protein=ProteinSpec(apical=0.35, apical_in_crypts=0.35, lateral=0.9, lateral_um=0.8, cytoplasm=0.1))

    @classmethod
    def occludin(cls) -> BarrierSpec:
        """Draw a protein of the apical line that lies on lateral membranes and in the cytoplasm too."""
        return cls(
            line=replace(_LINE, gap_fraction=0.2, gap_um=6.0),
            protein=ProteinSpec(lateral=0.5, cytoplasm=0.12, gradient=0.5, stroma=0.04),
        )

    @classmethod
    def zonulin(cls) -> BarrierSpec:
        """Draw a secreted protein: granular cytoplasm, a weak apical line, some in the stroma; for DAB."""
        return cls(
            line=replace(_LINE, band_um=1.4, gap_fraction=0.3, gap_um=12.0),
            protein=ProteinSpec(
                apical=0.5, apical_in_crypts=0.2, lateral=0.1, cytoplasm=0.1, patches=0.7, patch_share=0.2,
                stroma=0.06, background=0.02, gradient=0.4,
            ),
        )  # fmt: skip
