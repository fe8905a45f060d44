"""What a file says about its µm/px, weighed: one value, or an error that lists what was found where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from os import PathLike

from histo.errors import ConflictingPixelSize, MissingPixelSize
from histo.types import PixelSize

__all__ = ["PixelSizeFinding", "PixelSizeVerdict", "finding_from_density", "judge_pixel_size"]

# Two sources may round differently; more than this is a contradiction.
_SOURCES_TOLERANCE = 0.02
# Pixels of a scanner are square to within this.
_SQUARE_TOLERANCE = 0.01
# Screens and printers have 72 to 1200 px per inch, 353 to 21 µm/px; microscopes and slide scanners are finer than 15.
_COARSEST_DENSITY_UM = 15.0
# Outside of these no light microscope image lies; the unit was misread or the value is a filler.
_PLAUSIBLE_UM = (0.005, 200.0)

_SAY_IT = "Say it by hand: open_slide(path, mpp=...), histo score --mpp, or the design table's column mpp."


@dataclass(frozen=True)
class PixelSizeFinding:
    """One place in a file that states µm/px.

    Parameters
    ----------
    row_um, col_um : float
        Height and width of a level-0 pixel in µm.
    source : str
        Where it stands: ``"Aperio MPP"``.
    """

    row_um: float
    col_um: float
    source: str

    @property
    def mpp(self) -> float:
        """The side of a square of the same area."""
        return sqrt(self.row_um * self.col_um)

    @property
    def is_plausible(self) -> bool:
        """Whether a light microscope could have made it."""
        low, high = _PLAUSIBLE_UM
        return all(isfinite(side) and low <= side <= high for side in (self.row_um, self.col_um))

    @property
    def is_square(self) -> bool:
        """Whether height and width agree."""
        return abs(self.row_um - self.col_um) <= _SQUARE_TOLERANCE * min(self.row_um, self.col_um)

    def __str__(self) -> str:
        if self.is_square:
            return f"{self.source}: {self.mpp:.4g} µm/px"
        return f"{self.source}: {self.row_um:.4g} µm/px along rows, {self.col_um:.4g} along columns"


@dataclass(frozen=True)
class PixelSizeVerdict:
    """What came of all findings: a value, or the error that asking for it raises.

    Parameters
    ----------
    pixel_size : PixelSize or None
        The value, when there is one.
    notes : tuple of str
        All that was found, also what does not count, and why.
    error : MissingPixelSize, ConflictingPixelSize or None
        Why there is none.
    """

    pixel_size: PixelSize | None
    notes: tuple[str, ...]
    error: MissingPixelSize | ConflictingPixelSize | None = None

    @property
    def mpp(self) -> float:
        """µm/px, or the error."""
        if self.pixel_size is None:
            raise self.error or MissingPixelSize("the slide says nothing about µm/px", next_step=_SAY_IT)
        return self.pixel_size.mpp


def judge_pixel_size(
    findings: Sequence[PixelSizeFinding],
    notes: Sequence[str],
    given: float | None,
    file: str | PathLike[str],
) -> PixelSizeVerdict:
    """Weigh all that is known about a slide's µm/px.

    Parameters
    ----------
    findings : sequence of PixelSizeFinding
        What the file states, the most trusted first.
    notes : sequence of str
        What was seen and does not count, with the reason.
    given : float or None
        What the caller says; it wins.
    file : path-like
        The slide, for the messages.

    Returns
    -------
    PixelSizeVerdict

    Raises
    ------
    MissingPixelSize
        If `given` is not a positive number.
    """
    counted = [finding for finding in findings if finding.is_plausible]
    all_notes = (
        *map(str, counted),
        *(f"{finding}, which no light microscope makes" for finding in findings if not finding.is_plausible),
        *notes,
    )
    if given is not None:
        chosen = PixelSize(float(given))
        return PixelSizeVerdict(chosen, (f"{chosen.source}: {chosen.mpp:.4g} µm/px", *all_notes))
    error = _objection(counted, all_notes, file)
    if error is not None:
        return PixelSizeVerdict(None, all_notes, error)
    return PixelSizeVerdict(PixelSize(counted[0].mpp, counted[0].source), all_notes)


def finding_from_density(row_um: float, col_um: float, source: str) -> tuple[PixelSizeFinding | None, str | None]:
    """Tell a microscope's resolution tag from the density that a screen or printer program left in the same tag.

    Parameters
    ----------
    row_um, col_um : float
        Pixel height and width that the tag's density amounts to.
    source : str
        The tag.

    Returns
    -------
    (PixelSizeFinding or None, str or None)
        Either a finding, or a note that says why there is none.

    Examples
    --------
    >>> finding_from_density(25400 / 72, 25400 / 72, "JPEG density")[1]
    'JPEG density: 72 px per inch, a screen or print setting, not a pixel size'
    """
    if not all(isfinite(side) and side > 0 for side in (row_um, col_um)):
        return None, f"{source}: no usable value"
    if max(row_um, col_um) > _COARSEST_DENSITY_UM:
        return None, f"{source}: {25400 / col_um:.4g} px per inch, a screen or print setting, not a pixel size"
    return PixelSizeFinding(row_um, col_um, source), None


def _objection(
    counted: Sequence[PixelSizeFinding], notes: tuple[str, ...], file: str | PathLike[str]
) -> MissingPixelSize | ConflictingPixelSize | None:
    found = "; ".join(notes) or "nothing"
    if not counted:
        return MissingPixelSize(
            "the slide does not say how many µm a pixel is", file=file, got=found, next_step=_SAY_IT
        )
    first = counted[0]
    if not all(finding.is_square for finding in counted):
        return ConflictingPixelSize("pixels are not square", file=file, got=found, next_step=_SAY_IT)
    if any(abs(finding.mpp - first.mpp) > _SOURCES_TOLERANCE * first.mpp for finding in counted[1:]):
        return ConflictingPixelSize("the sources of µm/px disagree", file=file, got=found, next_step=_SAY_IT)
    return None
