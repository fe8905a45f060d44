"""How deep an infiltrate reaches: none, mucosa, submucosa or transmural, beside the study's controls.

This is the one rule for it: the rubric ``mouse-infiltrate`` of `histo.score` asks `prediction_limit` too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from histo.errors import InvalidArgument, InvalidTable, UnitOfAnalysisError

__all__ = ["ControlLimits", "grade_extent", "prediction_limit"]

_LAYERS = {
    "mucosa": "mucosa_inflammatory_per_mm2",
    "submucosa": "submucosa_inflammatory_per_mm2",
    "muscularis": "muscularis_inflammatory_per_mm2",
}
_EXTENTS = {"mucosa": "mucosa", "submucosa": "submucosa", "muscularis": "transmural"}
_MIN_ANIMALS = 3
_SHARE_BELOW = 0.95


@dataclass(frozen=True)
class ControlLimits:
    """Density of inflammatory cells above which a layer holds more than controls do.

    Parameters
    ----------
    mucosa_per_mm2, submucosa_per_mm2, muscularis_per_mm2 : float
        Lymphocytes and granulocytes per mm²; not a number where the controls do not tell.
    origin : str
        What they rest on, in words: stands in the reason that is given with the extent.
    """

    mucosa_per_mm2: float
    submucosa_per_mm2: float
    muscularis_per_mm2: float
    origin: str = "given by the caller"

    def __post_init__(self) -> None:
        wrong = [f"{layer} {value}" for layer, value in self.by_layer.items() if value < 0]
        if wrong:
            raise InvalidArgument("a limit is a density, which is not negative", got=", ".join(wrong))

    @property
    def by_layer(self) -> dict[str, float]:
        """The limits under the names of their layers."""
        return {layer: float(getattr(self, f"{layer}_per_mm2")) for layer in _LAYERS}

    @classmethod
    def from_controls(cls, infiltrate: pd.DataFrame) -> ControlLimits:
        """Take the limits from control animals.

        The limit is the one that 95 % of further control animals would stay below (`prediction_limit` of the animals'
        means). A single section varies more than an animal's mean; where an animal has one section, they are the same.

        Parameters
        ----------
        infiltrate : DataFrame
            Rows of the infiltrate table that are of controls, of one segment, with their column ``animal``.

        Returns
        -------
        ControlLimits

        Raises
        ------
        InvalidTable
            If a column is missing.
        UnitOfAnalysisError
            If there are fewer than three animals.

        Examples
        --------
        >>> controls = pd.DataFrame({
        ...     "animal": ["a", "b", "c", "d"],
        ...     "mucosa_inflammatory_per_mm2": [4900.0, 5100.0, 5000.0, 5000.0],
        ...     "submucosa_inflammatory_per_mm2": [100.0, 144.0, 121.0, 121.0],
        ...     "muscularis_inflammatory_per_mm2": [0.0, 4.0, 0.0, 1.0],
        ... })
        >>> limits = ControlLimits.from_controls(controls)
        >>> round(limits.mucosa_per_mm2), round(limits.submucosa_per_mm2), round(limits.muscularis_per_mm2)
        (5217, 173, 11)
        """
        missing = [name for name in ("animal", *_LAYERS.values()) if name not in infiltrate.columns]
        if missing:
            raise InvalidTable("columns are missing", expected=", ".join(missing), got=", ".join(infiltrate.columns))
        animals = infiltrate.groupby("animal")[list(_LAYERS.values())].mean()
        if len(animals) < _MIN_ANIMALS:
            raise UnitOfAnalysisError(
                "too few control animals for a limit",
                expected=f"at least {_MIN_ANIMALS}",
                got=str(len(animals)),
                next_step="Count cells in more controls, or give ControlLimits of your own.",
            )
        limits = {f"{layer}_per_mm2": prediction_limit(animals[name].to_numpy()) for layer, name in _LAYERS.items()}
        return cls(**limits, origin=f"95 % prediction limit of {len(animals)} control animals")


def grade_extent(densities_per_mm2: dict[str, float], limits: ControlLimits | None) -> tuple[str, str]:
    """Name the deepest layer that holds more inflammatory cells than controls do.

    An infiltrate grows from the mucosa outwards; a deep layer above its limit counts even where a shallower one is
    not, and the reason shows it. Where a layer is not seen or has no limit, there is no answer, not a guess.

    Parameters
    ----------
    densities_per_mm2 : dict of str to float
        Of ``mucosa``, ``submucosa`` and ``muscularis``; not a number where the layer has no area.
    limits : ControlLimits, optional

    Returns
    -------
    extent, reason : str
        ``none``, ``mucosa``, ``submucosa`` or ``transmural``, empty if it cannot be told; and why.

    Examples
    --------
    >>> seen = {"mucosa": 9000.0, "submucosa": 150.0, "muscularis": 0.0}
    >>> grade_extent(seen, ControlLimits(6000.0, 300.0, 50.0))[0]
    'mucosa'
    """
    if limits is None:
        return "", "no controls to compare with"
    bounds = limits.by_layer
    unknown = [f"{layer} was not seen" for layer in _LAYERS if np.isnan(densities_per_mm2[layer])]
    unknown += [f"the controls have no limit for the {layer}" for layer in _LAYERS if np.isnan(bounds[layer])]
    if unknown:
        return "", "; ".join(unknown)
    extent, parts = "none", []
    for layer, bound in bounds.items():
        is_above = densities_per_mm2[layer] > bound
        extent = _EXTENTS[layer] if is_above else extent
        sign = ">" if is_above else "<="
        parts.append(f"{layer} {densities_per_mm2[layer]:.0f} {sign} {bound:.0f} per mm²")
    return extent, f"{'; '.join(parts)} ({limits.origin})"


def prediction_limit(densities_per_mm2: Sequence[float] | NDArray[np.floating], share: float = _SHARE_BELOW) -> float:
    """Say below which density a share of further control animals would stay.

    Parameters
    ----------
    densities_per_mm2 : (n,) sequence
        One density an animal; those that are not a number do not count.
    share : float, optional
        0 to 1.

    Returns
    -------
    float
        One-sided prediction limit for one further animal (Student's t), on the square root of the density, whose spread
        does not grow with its level and which may be 0. Where the animals do not differ it is what they hold: a healthy
        muscularis mostly holds nothing. Not a number with fewer than three animals.

    Examples
    --------
    >>> round(prediction_limit([100.0, 144.0, 121.0, 121.0]))
    173
    """
    known = np.asarray(densities_per_mm2, dtype=float)
    roots = np.sqrt(known[~np.isnan(known)])
    n = len(roots)
    if n < _MIN_ANIMALS:
        return float("nan")
    edge = float(roots.mean()) + float(t.ppf(share, n - 1)) * float(roots.std(ddof=1)) * float(np.sqrt(1 + 1 / n))
    return edge * edge
