"""From which signal on a pixel is positive: by negative controls or over the study, never by the field itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from histo.errors import InvalidArgument

__all__ = ["StainThreshold"]

_METHODS = {
    "controls": "percentile of the pixels of negative controls",
    "study": "Otsu's threshold over the pixels of the study, each picture of the same weight",
    "given": "given by the user",
}


@dataclass(frozen=True)
class StainThreshold:
    """From where on a pixel is positive, and what that rests on.

    Parameters
    ----------
    positive_above : float
        Counts or optical density above the background of the picture.
    method : str
        ``controls``, ``study`` or ``given``.
    detail : str
        What a reader must know besides.
    n_images : int
        Pictures that it rests on.

    Raises
    ------
    InvalidArgument
        If the threshold is not above 0, or the method is unknown.

    Examples
    --------
    >>> StainThreshold(0.2).origin
    'signal above 0.2: given by the user'
    """

    positive_above: float
    method: str = "given"
    detail: str = ""
    n_images: int = 0

    def __post_init__(self) -> None:
        if not (isfinite(self.positive_above) and self.positive_above > 0):
            raise InvalidArgument(
                "a threshold lies above the background", expected="above 0", got=repr(self.positive_above)
            )
        if self.method not in _METHODS:
            raise InvalidArgument("unknown method", expected=", ".join(_METHODS), got=repr(self.method))

    @property
    def origin(self) -> str:
        """Where it comes from, in one line for people."""
        parts = [f"signal above {self.positive_above:.4g}: {_METHODS[self.method]}"]
        parts += [self.detail] if self.detail else []
        parts += [f"{self.n_images} pictures"] if self.n_images else []
        return ", ".join(parts)
