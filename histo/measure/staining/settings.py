"""How barrier staining is measured: depths in µm, limits of quality."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import isfinite

from histo.errors import InvalidArgument
from histo.stain import DabStain

__all__ = ["QualityLimits", "StainingSettings"]


@dataclass(frozen=True)
class QualityLimits:
    """From where on a picture is flagged, or refused where that is asked for.

    Parameters
    ----------
    saturated_percent : float
        Pixels at the end of the camera's scale, percent of the area.
    finest_detail_um : float
        Blur of the sharpest details, µm (standard deviation).
    unevenness : float
        Slope of brightness across the field, over the mean.

    Notes
    -----
    The limits are ours: at 1 % the apical line, which holds a few percent of an epithelium's area, is largely flat; a
    blur of 1.25 µm of steps, or 2.5 µm of lines, takes a good part of that line out of the apical band; at 0.5 one end
    of the field is 1.7 times as bright as the other.
    """

    saturated_percent: float = 1.0
    finest_detail_um: float = 1.25
    unevenness: float = 0.5

    def __post_init__(self) -> None:
        _check_positive(self, tuple(item.name for item in fields(self)))


@dataclass(frozen=True)
class StainingSettings:
    """Lengths and limits of `histo.measure_staining`.

    Parameters
    ----------
    apical_um : float
        Depth of the apical band beneath the luminal edge.
    lumen_side_um : float
        The edge of a label map is seldom exact: signal as far as this on the side of the lumen counts as apical too.
    crypt_lumen_um : float
        Width of a crypt's lumen, which a label map counts as crypt: the luminal edge lies half of it off the
        centreline.
    membrane_um : float
        Width of a membrane as imaged.
    background : float, optional
        Level without stain, where it is known (camera offset, a field without specimen). Estimated otherwise.
    colours : DabStain, optional
        The slide's colours, from `histo.stain.describe_dab`, so that all its windows are separated alike. Found on the
        picture otherwise.
    limits : QualityLimits
        Where flags begin.
    is_strict : bool
        Whether a picture beyond a limit is refused rather than flagged.

    Raises
    ------
    InvalidArgument
        If a length is not positive, or the background is not finite.
    """

    apical_um: float = 3.0
    lumen_side_um: float = 1.5
    crypt_lumen_um: float = 5.0
    membrane_um: float = 1.5
    background: float | None = None
    colours: DabStain | None = None
    limits: QualityLimits = field(default_factory=QualityLimits)
    is_strict: bool = False

    def __post_init__(self) -> None:
        _check_positive(self, ("apical_um", "lumen_side_um", "crypt_lumen_um", "membrane_um"))
        if self.background is not None and not isfinite(self.background):
            raise InvalidArgument("the background is a level", expected="a finite number", got=repr(self.background))


def _check_positive(settings: object, names: tuple[str, ...]) -> None:
    wrong = [f"{name} {getattr(settings, name)!r}" for name in names if not 0 < getattr(settings, name) < float("inf")]
    if wrong:
        raise InvalidArgument("settings of staining are positive and finite", got=", ".join(wrong))
