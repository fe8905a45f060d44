"""Judge a nuclei model on pictures that it was not trained on, as a user would run it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.io import slide_from_array
from histo.nn import NucleiModel, nuclei_canvas, predict_nuclei
from histo.train.nuclei.field import NucleiField, load_field
from histo.train.nuclei.matching import Agreement, match_centres, match_outlines
from histo.train.nuclei.truth import ANYTHING, as_bits
from histo.train.picture_judgement import PictureJudgement, judge_pictures, tabulate_judgements
from histo.types import CellClass

__all__ = ["DETECTION", "OUTLINES", "FoundNuclei", "judge_field", "judge_nuclei", "nuclei_table", "predict_field"]

DETECTION = "detection (6 µm)"
OUTLINES = "outlines (IoU 0.5)"
FARTHEST_UM = 6.0

_GROUPS = {
    **{str(member): as_bits((str(member),)) for member in CellClass},
    "inflammatory": as_bits(tuple(str(member) for member in CellClass if member.is_inflammatory)),
}


@dataclass(frozen=True, eq=False)
class FoundNuclei:
    """The nuclei of one picture, by a network or by any other way.

    Parameters
    ----------
    centre : (n, 2) array
        Rows and columns in pixels of the picture.
    probability : (n,) array
        That there is a nucleus.
    kind : (n,) array of int
        Place of its class in `CellClass`; -1 if classes are not told apart.
    outlines : (rows, cols) array of int32
        On the grid of the picture: 0 outside of nuclei, else 1 + the nucleus's place above.
    """

    centre: NDArray[np.float64]
    probability: NDArray[np.float64]
    kind: NDArray[np.int64]
    outlines: NDArray[np.int32]


NucleiJudgement = PictureJudgement[Agreement]
"""How well one picture's nuclei agree, by what was judged: detection, outlines, and each class."""


def predict_field(model: NucleiModel, picture: NucleiField, *, device: str | None = None) -> FoundNuclei:
    """Find the nuclei of a picture.

    Parameters
    ----------
    model : NucleiModel
        With the threshold to use.
    picture : NucleiField
        Of any µm/px.
    device : str, optional
        As `histo.nn.choose_device` takes it.

    Returns
    -------
    FoundNuclei
    """
    pixels = np.asarray(picture.image)
    slide = slide_from_array(pixels if model.spec.stain == "he" else pixels[..., 0], mpp=picture.mpp)
    canvas = nuclei_canvas(slide, model.spec.mpp, model.spec.stain)
    scale = model.spec.mpp / picture.mpp
    labels = np.zeros((canvas.height, canvas.width), np.int32)
    centres, chances, shares = [np.zeros((0, 2))], [np.zeros(0)], [np.zeros((0, len(model.spec.classes)))]
    n_found = 0
    for tile in predict_nuclei(model, canvas, canvas.whole, device=device):
        own, nuclei = tile.is_own, tile.nuclei
        number = np.concatenate([[0], np.where(own, n_found + np.cumsum(own), 0)]).astype(np.int32)
        seen = tile.region.cut(canvas.whole)
        part = number[nuclei.labels][: seen.height, : seen.width]
        place = labels[seen.slices(canvas.whole)]
        np.copyto(place, part, where=part > 0)
        centres.append((tile.centre + 0.5) * scale - 0.5)
        chances.append(nuclei.probability[own])
        shares.append(nuclei.class_shares[own])
        n_found += int(own.sum())
    return FoundNuclei(
        np.concatenate(centres),
        np.concatenate(chances),
        _kinds(np.concatenate(shares), model.spec.classes),
        _on_picture(labels, pixels.shape[:2], scale),
    )


def judge_field(found: FoundNuclei, picture: NucleiField) -> NucleiJudgement:
    """Compare what was found with the truth.

    Parameters
    ----------
    found : FoundNuclei
        Of the picture.
    picture : NucleiField
        With its truth.

    Returns
    -------
    NucleiJudgement
        Detection: centres within 6 µm, one to one. Outlines, where they are known: intersection over union above 0.5.
        A class (and ``inflammatory``, lymphocyte or granulocyte): a nucleus counts as found if it lies within 6 µm and
        is given that class; those of which nobody wrote down whether they are of it are left out on both sides.
    """
    truth = picture.truth
    true_at, found_at = match_centres(truth.centre * picture.mpp, found.centre * picture.mpp, FARTHEST_UM)
    agreements = {DETECTION: Agreement(len(truth), len(found.centre), len(true_at))}
    if truth.outlines is not None:
        n_same = len(match_outlines(np.asarray(truth.outlines), found.outlines)[0])
        agreements[OUTLINES] = Agreement(len(truth), len(found.centre), n_same)
    if (truth.kind_bits != ANYTHING).any() and (found.kind >= 0).any():
        for name, group in _GROUPS.items():
            agreement = _judge_group(group, truth.kind_bits.astype(np.int64), found.kind, (true_at, found_at))
            if agreement.n_true:
                agreements[name] = agreement
    return NucleiJudgement(picture.origin, picture.name, agreements)


def judge_nuclei(
    model: NucleiModel,
    folders: Sequence[Path],
    *,
    device: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[NucleiJudgement]:
    """Judge a model on pictures.

    Parameters
    ----------
    model : NucleiModel
        To judge.
    folders : sequence of Path
        Pictures, for `load_field`.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    progress : callable, optional
        Called with the number of pictures judged, and of all.

    Returns
    -------
    list of NucleiJudgement
    """

    def judge(folder: Path) -> NucleiJudgement:
        picture = load_field(folder)
        return judge_field(predict_field(model, picture, device=device), picture)

    return judge_pictures(folders, judge, progress)


def nuclei_table(judgements: Iterable[NucleiJudgement]) -> pd.DataFrame:
    """Add the judgements of each set up.

    Parameters
    ----------
    judgements : iterable of NucleiJudgement
        From `judge_nuclei`.

    Returns
    -------
    DataFrame
        One row per set and what was judged: `origin`, `what`, `f1`, `precision`, `recall`, `n_true`, `n_found`,
        `n_pictures`; counts are added up before F1 is taken.
    """
    return tabulate_judgements(judgements, lambda nuclei: nuclei.f1).rename(columns={"score": "f1"})


def _judge_group(
    group: int,
    bits: NDArray[np.int64],
    kind: NDArray[np.int64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Agreement:
    """Count the nuclei of some classes, taken as one; `group` has the bits of these classes."""
    true_at, found_at = pairs
    is_true = (bits != ANYTHING) & (bits & ~group == 0)
    is_unsure = ~is_true & ((bits == ANYTHING) | (bits & group != 0))
    called = (kind >= 0) & ((group >> np.maximum(kind, 0)) & 1 == 1)
    called[found_at[is_unsure[true_at]]] = False
    return Agreement(int(is_true.sum()), int(called.sum()), int(np.sum(is_true[true_at] & called[found_at])))


def _kinds(shares: NDArray[np.float64], classes: tuple[str, ...]) -> NDArray[np.int64]:
    if not classes:
        return np.full(len(shares), -1, np.int64)
    places = np.array([list(CellClass).index(CellClass(name)) for name in classes])
    return np.asarray(places[shares.argmax(axis=1)], np.int64) if len(shares) else np.zeros(0, np.int64)


def _on_picture(labels: NDArray[np.int32], shape: tuple[int, ...], scale: float) -> NDArray[np.int32]:
    """Bring labels at the model's µm/px to the picture's pixels, nearest neighbour."""
    rows, cols = (
        np.clip(((np.arange(n) + 0.5) / scale).astype(int), 0, size - 1)
        for n, size in zip(shape, labels.shape, strict=True)
    )
    return np.ascontiguousarray(labels[np.ix_(rows, cols)])
