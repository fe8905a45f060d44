"""What is asked of a study that is to be planned."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from histo.errors import InvalidArgument

__all__ = ["MOST", "EffectUnit", "PowerGoal"]

EffectUnit = Literal["absolute", "percent", "sd"]

MOST = 1000
"""Animals and sections beyond which nobody looks for more."""


@dataclass(frozen=True)
class PowerGoal:
    """What is asked of a study to be planned.

    Parameters
    ----------
    effect : float, optional
        True difference that is to be found. Default: the smallest that the study as sampled finds with `target`.
    effect_unit : str, optional
        ``absolute``, in the unit of the endpoint; ``percent`` of the reference's mean; or ``sd``, standard deviations
        between animals' values as sampled (what Hedges' g estimates).
    n_animals : int, optional
        Animals in each of the two groups. Default: as sampled (median over groups).
    n_sections : float, optional
        Sections of each animal. Default: as sampled (harmonic mean).
    target : float, optional
        Chance, 0 to 1, with which it is to be found.
    n_tests : int, optional
        Tests that share the level: it is divided by them (Bonferroni; Holm and Westfall-Young ask no more).

    Raises
    ------
    InvalidArgument
        If a number is out of its range.
    """

    effect: float | None = None
    effect_unit: EffectUnit = "absolute"
    n_animals: int | None = None
    n_sections: float | None = None
    target: float = 0.8
    n_tests: int = 1

    def __post_init__(self) -> None:
        units = get_args(EffectUnit)
        checks = (
            ("effect", self.effect is None or (isfinite(self.effect) and self.effect != 0), "a number other than 0"),
            ("effect_unit", self.effect_unit in units, f"one of {', '.join(units)}"),
            ("n_animals", self.n_animals is None or 2 <= self.n_animals <= MOST, f"2 to {MOST}"),
            ("n_sections", self.n_sections is None or 1 <= self.n_sections <= MOST, f"1 to {MOST}"),
            ("target", 0 < self.target < 1, "a number between 0 and 1"),
            ("n_tests", self.n_tests >= 1, "1 or more"),
        )
        wrong = [(name, expected) for name, is_right, expected in checks if not is_right]
        if wrong:
            raise InvalidArgument(
                "power cannot be computed for this",
                expected="; ".join(f"{name}: {expected}" for name, expected in wrong),
                got="; ".join(f"{name}={getattr(self, name)!r}" for name, _ in wrong),
            )
