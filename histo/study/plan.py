"""What is fixed before anyone looks at the numbers: endpoints, minimum repeats, reference, test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from histo.errors import InvalidArgument
from histo.study.level.endpoint import ENDPOINTS

__all__ = ["AnalysisPlan", "Correction", "SectionEstimator", "SectionWeights"]

SectionWeights = Literal["equal", "units", "wall_length"]
Correction = Literal["westfall_young", "holm", "bh"]
SectionEstimator = Literal["mean", "trimmed_mean", "median"]


@dataclass(frozen=True)
class AnalysisPlan:
    """The decisions of an analysis, so that a report can print them.

    Parameters
    ----------
    endpoints : tuple of str, optional
        Columns of the ``sections`` table that form the declared family: their p-values are corrected together.
    corrects_comparisons : bool, optional
        Whether the comparisons of a segment belong to the family too. Without, each comparison is a question of its
        own; with four animals in each of three groups that alone leaves any p-value below 0.05 within reach.
    minimum_repeats : int, optional
        Accepted villi, crypts or units that a section needs before its mean counts.
    minimum_sections : int, optional
        Sections with a value that an animal needs before its mean counts.
    section_weights : str, optional
        What a section counts in its animal's mean: ``equal``, ``units`` (the number of villi, crypts or units behind
        it; measures that count none weigh equally) or ``wall_length``.
    section_estimator : str, optional
        How a section's value is made from its accepted villi, crypts and units: ``mean``, as the sections table has it;
        ``trimmed_mean``, without the lowest and the highest tenth; or ``median``. Other measures stay as they are.
    reference : str, optional
        Group to compare against, or group and timepoint as ``"EAE @ 7"``. Empty: read off the design.
    correction : str, optional
        How p-values of one family are corrected. ``westfall_young``: by relabelling animals with all their endpoints,
        times the number of comparisons; it loses least where one comparison has several endpoints. ``holm`` or ``bh``
        (Benjamini-Hochberg): over endpoints and comparisons.
    covariates : tuple of str, optional
        Columns of the design within which animals exchange their labels, where the design has them, they vary, and
        they leave enough to exchange; a contrast's note says which were left out.
    level : float, optional
        Level of the tests; intervals cover ``1 - level``.
    max_relabelings : int, optional
        Up to so many relabelings of the animals all are enumerated; beyond, as many are drawn at random.
    seed : int, optional
        Seed of that draw.

    Raises
    ------
    InvalidArgument
        If a number is out of its range or there is no endpoint.
    """

    endpoints: tuple[str, ...] = tuple(endpoint.name for endpoint in ENDPOINTS.values() if endpoint.is_primary)
    corrects_comparisons: bool = True
    minimum_repeats: int = 3
    minimum_sections: int = 1
    section_weights: SectionWeights = "equal"
    section_estimator: SectionEstimator = "mean"
    reference: str = ""
    correction: Correction = "westfall_young"
    covariates: tuple[str, ...] = ("batch", "sex")
    level: float = 0.05
    max_relabelings: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        checks = (
            ("endpoints", len(self.endpoints) > 0, "at least one column of the sections table"),
            ("endpoints", len(set(self.endpoints)) == len(self.endpoints), "each endpoint once"),
            ("minimum_repeats", self.minimum_repeats >= 0, "0 or more"),
            ("minimum_sections", self.minimum_sections >= 1, "1 or more"),
            ("section_weights", self.section_weights in get_args(SectionWeights), _one_of(SectionWeights)),
            ("section_estimator", self.section_estimator in get_args(SectionEstimator), _one_of(SectionEstimator)),
            ("correction", self.correction in get_args(Correction), _one_of(Correction)),
            ("level", 0 < self.level < 1, "a number between 0 and 1"),
            ("max_relabelings", self.max_relabelings >= 1000, "1000 or more"),
            ("seed", self.seed >= 0, "0 or more"),
        )
        wrong = [(name, expected) for name, is_right, expected in checks if not is_right]
        if wrong:
            raise InvalidArgument(
                "the analysis plan cannot be used",
                expected="; ".join(f"{name}: {expected}" for name, expected in wrong),
                got="; ".join(f"{name}={getattr(self, name)!r}" for name, _ in wrong),
            )


def _one_of(choices: object) -> str:
    return f"one of {', '.join(get_args(choices))}"
