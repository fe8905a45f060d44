"""What the study's control animals measure: the ground that relative cut-offs stand on."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument, InvalidTable, UnitOfAnalysisError

__all__ = ["Baseline", "ControlValue", "control_baselines"]

MIN_ANIMALS = 3

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ControlValue:
    """One measure of the controls.

    Parameters
    ----------
    mean : float
        Mean of the animals' means, in the measure's unit.
    sd : float
        Standard deviation of a single section: between animals and between the sections of an animal.
    n_animals, n_sections : int
        What they rest on.
    animal_means : tuple of float, optional
        Mean of each animal; cut-offs that are prediction limits need them.
    """

    mean: float
    sd: float
    n_animals: int
    n_sections: int
    animal_means: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Baseline:
    """Mean and spread of the control sections of one study and segment.

    Parameters
    ----------
    measures : mapping of str to ControlValue
        By column of the sections table; only measures of three control animals or more.
    segment : str
        The segment that the controls are of; empty if none was said.

    Notes
    -----
    What is compared with a baseline is a section, so the standard deviation is that of a section: the square root of
    the sum of the variance between animals and that between sections of an animal (one-way components, a negative
    component counting as 0). With one section an animal it is the standard deviation between animals.

    Examples
    --------
    >>> sections = pd.DataFrame({"animal": ["a", "b", "c"], "crypt_depth_um": [90.0, 100.0, 110.0]})
    >>> Baseline.from_sections(sections).measures["crypt_depth_um"]
    ControlValue(mean=100.0, sd=10.0, n_animals=3, n_sections=3)
    """

    measures: Mapping[str, ControlValue]
    segment: str = ""

    @classmethod
    def from_sections(cls, sections: pd.DataFrame) -> Baseline:
        """Make a baseline from the sections of control animals.

        Parameters
        ----------
        sections : DataFrame
            Rows of the ``sections`` table that are of control animals of one segment: a column ``animal``, and the
            measures. One row an animal does as well.

        Raises
        ------
        UnitOfAnalysisError
            If there is no column ``animal``, or there are fewer than three animals.
        InvalidArgument
            If the sections are of several segments.
        """
        if "animal" not in sections.columns:
            raise UnitOfAnalysisError(
                "controls are animals, and the table does not say which section is of which",
                expected="a column animal",
                got=", ".join(map(str, sections.columns)),
                next_step="Name the animals in the design table.",
            )
        of_animals = sections[sections["animal"].notna() & (sections["animal"].astype("str") != "")]
        animals = of_animals["animal"].astype("str")
        segments = sorted({str(name) for name in of_animals["segment"].dropna()}) if "segment" in of_animals else [""]
        if len(segments) > 1:
            raise InvalidArgument(
                "controls of several segments have no common baseline: villi shorten towards the ileum",
                expected="sections of one segment",
                got=", ".join(segments),
                next_step="histo.score.control_baselines makes one of each segment.",
            )
        if animals.nunique() < MIN_ANIMALS:
            raise UnitOfAnalysisError(
                "too few control animals for a cut-off relative to them",
                expected=f"at least {MIN_ANIMALS}",
                got=f"{animals.nunique()} with {len(of_animals)} sections",
                next_step="Score more control animals, or use a profile whose cut-offs are all absolute.",
            )
        measures: dict[str, ControlValue] = {}
        for name in of_animals.select_dtypes("number").columns:
            column = of_animals[name].to_numpy(dtype=float)
            is_known = np.isfinite(column)
            if animals[is_known].nunique() >= MIN_ANIMALS:
                measures[str(name)] = _control_value(column[is_known], animals.to_numpy()[is_known])
        return cls(MappingProxyType(measures), segments[0] if segments else "")


def control_baselines(sections: pd.DataFrame, controls: Iterable[bool] | None = None) -> dict[str, Baseline]:
    """Make one baseline of each segment from a study's sections.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    controls : iterable of bool, optional
        Which rows are of control animals. Without it the column ``control`` says so.

    Returns
    -------
    dict of str to Baseline
        By segment. A segment of fewer than three control animals is not in it, and a warning is logged.

    Raises
    ------
    InvalidTable
        If it is not said which rows are controls, or the flags are not as many as the rows.
    UnitOfAnalysisError
        If no segment has three control animals.
    """
    if controls is None and "control" not in sections.columns:
        raise InvalidTable(
            "it is not said which sections are of controls",
            expected="a column control",
            next_step="Give controls=, such as sections['group'] == 'control'.",
        )
    flags = np.asarray(sections["control"] if controls is None else list(controls))
    if flags.shape != (len(sections),) or not all(flag in (True, False) for flag in flags):
        raise InvalidTable("controls are marked row by row", expected=f"{len(sections)} times True or False")
    chosen = sections[flags.astype(bool)]
    segments = chosen["segment"].astype("str") if "segment" in chosen else pd.Series("", index=chosen.index)
    baselines: dict[str, Baseline] = {}
    problems: list[str] = []
    for segment, rows in chosen.groupby(segments, sort=True):
        try:
            baselines[str(segment)] = Baseline.from_sections(rows)
        except UnitOfAnalysisError as error:
            problems.append(f"{segment or 'no segment'}: {error.what}, {error.got}")
    if not baselines:
        raise UnitOfAnalysisError(
            "no segment has enough control animals for cut-offs relative to them",
            expected=f"at least {MIN_ANIMALS} in a segment",
            got="; ".join(problems) or "no control section",
            next_step="Mark controls in the design table, or use a profile whose cut-offs are all absolute.",
        )
    for problem in problems:
        _LOG.warning("no baseline of controls: %s", problem)
    return baselines


def _control_value(values: NDArray[np.float64], animals: NDArray[np.object_]) -> ControlValue:
    _, of_animal = np.unique(animals.astype(str), return_inverse=True)
    counts = np.bincount(of_animal)
    means = np.bincount(of_animal, weights=values) / counts
    n_free = len(values) - len(counts)
    within = float(((values - means[of_animal]) ** 2).sum() / n_free) if n_free else 0.0
    between = max(0.0, float(means.var(ddof=1)) - within * float((1.0 / counts).mean()))
    sd = float(np.sqrt(between + within))
    return ControlValue(float(means.mean()), sd, len(counts), len(values), tuple(means.tolist()))
