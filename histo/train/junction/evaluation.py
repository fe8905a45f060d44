"""Judge junction maps against pictures that no network was trained on, whoever made the maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from histo.io import slide_from_array
from histo.junction_maps import JunctionMaps
from histo.nn import JunctionModel, see_junctions
from histo.train.junction.field import JunctionField, load_junction_field
from histo.train.junction.truth import JunctionTruth, Known, thin
from histo.train.picture_judgement import PictureJudgement, judge_pictures, tabulate_judgements

__all__ = [
    "COURSE",
    "GAPS",
    "STAINED",
    "JunctionJudgement",
    "LineAgreement",
    "judge_junction_maps",
    "judge_junctions",
    "junction_table",
]

COURSE = "course of junctions"
STAINED = "stained junctions"
GAPS = "gaps along junctions"

TOLERANCE_PX = 3
"""How far a line may lie from the true one, in pixels of the picture."""

_LIKELY = 0.5


@dataclass(frozen=True)
class LineAgreement:
    """Pixels of lines, true and found.

    Parameters
    ----------
    n_true, n_found : int
        How many there are.
    n_met, n_right : int
        How many true ones have a found one near, and how many found ones a true one.
    """

    n_true: int
    n_found: int
    n_met: int
    n_right: int

    def __add__(self, other: LineAgreement) -> LineAgreement:
        """Count two pictures together."""
        return LineAgreement(
            self.n_true + other.n_true,
            self.n_found + other.n_found,
            self.n_met + other.n_met,
            self.n_right + other.n_right,
        )

    @property
    def recall(self) -> float:
        """Share of the true line that was found."""
        return self.n_met / self.n_true if self.n_true else float("nan")

    @property
    def precision(self) -> float:
        """Share of the found line that is true."""
        return self.n_right / self.n_found if self.n_found else float("nan")

    @property
    def dice(self) -> float:
        """Harmonic mean of both: the Dice coefficient of two lines, with tolerance."""
        total = self.recall + self.precision
        if self.n_true and not self.n_found:
            return 0.0
        return 2 * self.recall * self.precision / total if total > 0 else total


JunctionJudgement = PictureJudgement[LineAgreement]
"""How well one picture's lines agree, by what was judged."""


def judge_junction_maps(maps: JunctionMaps, picture: JunctionField) -> JunctionJudgement:
    """Compare maps with the truth, as far as it is known.

    Parameters
    ----------
    maps : JunctionMaps
        On the grid of the picture; lines are thinned from where a map is above 0.5.
    picture : JunctionField
        With its truth.

    Returns
    -------
    JunctionJudgement
        The course of junctions and the stained junctions, each within `TOLERANCE_PX`; and gaps, pixel by pixel along
        the true centrelines. What a set does not say is not judged.
    """
    truth = picture.truth
    is_judged = np.asarray(truth.known & Known.COURSE > 0)
    course = maps.centreline > _LIKELY
    agreements = {COURSE: _compare_lines(thin(course), truth.lines, is_judged)}
    stained, gaps = truth.lines_that_are(Known.STAINED), truth.lines_that_are(Known.GAP)
    if stained.any():
        found = thin(course & (maps.present > _LIKELY))
        agreements[STAINED] = _compare_lines(found, stained, is_judged)
    if gaps.any():
        agreements[GAPS] = _compare_gaps(maps, truth)
    return JunctionJudgement(picture.origin, picture.name, agreements)


def judge_junctions(
    model: JunctionModel,
    folders: Sequence[Path],
    *,
    device: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[JunctionJudgement]:
    """Judge a model on pictures.

    Parameters
    ----------
    model : JunctionModel
        To judge.
    folders : sequence of Path
        Pictures, for `load_junction_field`.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    progress : callable, optional
        Called with the number of pictures judged, and of all.

    Returns
    -------
    list of JunctionJudgement
    """

    def judge(folder: Path) -> JunctionJudgement:
        picture = load_junction_field(folder)
        maps = see_junctions(model, slide_from_array(np.asarray(picture.image), mpp=picture.mpp), device=device)
        return judge_junction_maps(maps, picture)

    return judge_pictures(folders, judge, progress)


def junction_table(judgements: Iterable[JunctionJudgement]) -> pd.DataFrame:
    """Add the judgements of each set up.

    Parameters
    ----------
    judgements : iterable of JunctionJudgement
        From `judge_junctions` or `judge_junction_maps`.

    Returns
    -------
    DataFrame
        One row per set and what was judged: `origin`, `what`, `dice`, `precision`, `recall`, `n_true_px`, `n_found_px`,
        `n_pictures`; pixels are added up before Dice is taken.
    """
    table = tabulate_judgements(judgements, lambda lines: lines.dice)
    return table.rename(columns={"score": "dice", "n_true": "n_true_px", "n_found": "n_found_px"})


def _compare_lines(found: NDArray[np.bool_], true: NDArray[np.bool_], is_judged: NDArray[np.bool_]) -> LineAgreement:
    found = found & is_judged
    met, right = true & _near(found), found & _near(true)
    return LineAgreement(int(true.sum()), int(found.sum()), int(met.sum()), int(right.sum()))


def _compare_gaps(maps: JunctionMaps, truth: JunctionTruth) -> LineAgreement:
    is_asked = truth.lines_that_are(Known.STAINED | Known.GAP) & (truth.known & Known.DOUBTED == 0)
    true = truth.lines_that_are(Known.GAP) & is_asked
    found = is_asked & (maps.present <= _LIKELY)
    n_both = int((true & found).sum())
    return LineAgreement(int(true.sum()), int(found.sum()), n_both, n_both)


def _near(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not lines.any():
        return np.zeros(lines.shape, bool)
    return np.asarray(ndimage.distance_transform_edt(~lines) <= TOLERANCE_PX, bool)
