"""What a mucosa in three dimensions is made of: every length in µm."""

from __future__ import annotations

from dataclasses import dataclass

from histo.errors import InvalidArgument
from histo.phantom.spec import SectionSpec

__all__ = ["VillusFieldSpec"]


@dataclass(frozen=True)
class VillusFieldSpec:
    """A square piece of flat gut wall with its villi and crypts.

    `mouse` and `human` have the proportions of the drawn sections of the same name.

    Parameters
    ----------
    villus_height_um, villus_height_cv : float
        Mean length of a villus' axis and its coefficient of variation.
    villus_width_um : float
        Thickness at half height: the diameter of a finger, the thinner way through a leaf.
    villus_ridge_um : float
        How much broader than thick a villus is: 0 for fingers.
    villus_pitch_um : float
        Distance from row to row across the ridges; along a row it is greater by the ridge.
    epithelium_um : float
        Thickness of the epithelium.
    lean_deg, bend_deg : float
        Standard deviation, along each of the two directions of the wall, of the angle between foot and wall normal, and
        of the turn from foot to tip. Neighbours sway nearly together, so that they seldom cross.
    taper : float
        Share of the width that is lost from the middle to the tip.
    crypt_depth_um, crypt_depth_cv : float
        Mean length of a crypt's axis and its coefficient of variation.
    crypt_width_um, crypt_pitch_um : float
        Diameter, and distance from crypt to crypt.
    crypt_gap_um : float
        Mean lamina propria between a crypt's base and the muscularis mucosae.
    submucosa_um, muscularis_um : float
        Thickness of muscularis mucosae and submucosa together, and of the muscularis externa.
    side_um : float
        Side of the square.

    Raises
    ------
    InvalidArgument
        If a length is not positive, a share not below 1, or the epithelium fills its villus.

    Examples
    --------
    >>> VillusFieldSpec.mouse().crypt_zone_um
    123.0
    """

    villus_height_um: float = 420.0
    villus_height_cv: float = 0.08
    villus_width_um: float = 82.0
    villus_ridge_um: float = 30.0
    villus_pitch_um: float = 125.0
    epithelium_um: float = 21.0
    lean_deg: float = 4.0
    bend_deg: float = 8.0
    taper: float = 0.15
    crypt_depth_um: float = 115.0
    crypt_depth_cv: float = 0.08
    crypt_width_um: float = 36.0
    crypt_pitch_um: float = 50.0
    crypt_gap_um: float = 8.0
    submucosa_um: float = 45.0
    muscularis_um: float = 34.0
    side_um: float = 4000.0

    def __post_init__(self) -> None:
        lengths = (
            "villus_height_um", "villus_width_um", "villus_pitch_um", "epithelium_um", "crypt_depth_um",
            "crypt_width_um", "crypt_pitch_um", "crypt_gap_um", "submucosa_um", "muscularis_um", "side_um",
        )  # fmt: skip
        wrong = [f"{name}={getattr(self, name)}" for name in lengths if not getattr(self, name) > 0]
        shares = ("villus_height_cv", "crypt_depth_cv", "taper")
        wrong += [f"{name}={getattr(self, name)}" for name in shares if not 0 <= getattr(self, name) < 1]
        wrong += [f"{name}={value}" for name, value in self._angles() if not 0 <= value < 30]
        wrong += [f"villus_ridge_um={self.villus_ridge_um}"] if self.villus_ridge_um < 0 else []
        if wrong:
            raise InvalidArgument(
                "a drawn mucosa needs positive lengths, shares from 0 to 1 and villi that lean by less than 30 degrees",
                got=", ".join(wrong),
            )
        if self.epithelium_um >= 0.5 * self.villus_width_um * (1 - self.taper):
            raise InvalidArgument(
                "the epithelium leaves the villi no core",
                expected=f"less than {0.5 * self.villus_width_um * (1 - self.taper):g} µm",
                got=f"epithelium_um={self.epithelium_um}",
            )

    @property
    def crypt_zone_um(self) -> float:
        """Height of the villus-crypt junction over the muscularis mucosae."""
        return self.crypt_depth_um + self.crypt_gap_um

    @property
    def highest_um(self) -> float:
        """Height over the muscularis mucosae that no villus exceeds."""
        return self.crypt_zone_um + self.villus_height_um * (1 + 3 * self.villus_height_cv)

    @property
    def lowest_um(self) -> float:
        """Height of the outer surface of the muscle: below 0."""
        return -self.submucosa_um - self.muscularis_um

    @classmethod
    def mouse(cls) -> VillusFieldSpec:
        """Mouse jejunum: villi of 420 µm, a little broader than thick, six crypts or more to each."""
        return cls._like(SectionSpec.mouse(), ridge_um=30.0, side_um=4000.0)

    @classmethod
    def human(cls) -> VillusFieldSpec:
        """Human jejunum: leaves of 560 µm over crypts of 210 µm, on a muscle of 450 µm."""
        return cls._like(SectionSpec.human(), ridge_um=60.0, side_um=6000.0)

    @classmethod
    def _like(cls, section: SectionSpec, *, ridge_um: float, side_um: float) -> VillusFieldSpec:
        villi, crypts = section.villi, section.crypts
        return cls(
            villus_height_um=villi.height_um,
            villus_height_cv=villi.height_cv,
            villus_width_um=villi.width_um,
            villus_ridge_um=ridge_um,
            villus_pitch_um=villi.pitch_um,
            epithelium_um=villi.epithelium_um,
            lean_deg=villi.lean_deg,
            bend_deg=villi.bend_deg,
            taper=villi.taper,
            crypt_depth_um=crypts.depth_um,
            crypt_depth_cv=crypts.depth_cv,
            crypt_width_um=crypts.width_um,
            crypt_pitch_um=crypts.pitch_um,
            crypt_gap_um=crypts.base_gap_um,
            submucosa_um=section.wall.submucosa_um,
            muscularis_um=section.wall.muscularis_um,
            side_um=side_um,
        )

    def _angles(self) -> tuple[tuple[str, float], ...]:
        return ("lean_deg", self.lean_deg), ("bend_deg", self.bend_deg)
