"""Judge a model on pictures with truth that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.io import slide_from_array
from histo.nn import Model, Window, canvas_of, load_model, predict_tiles
from histo.train.agreement import POOLED, confusion_matrix, dice
from histo.train.calibration import ChosenPixels, LogitSample
from histo.train.draft import open_annotation_set
from histo.train.drawn import DrawnPool, drawing_digest
from histo.train.real import prepare_field
from histo.train.source import N_CLASSES, Source, load_source
from histo.types import Compartment

__all__ = ["Judgement", "evaluate", "judge", "judgement_table"]


@dataclass(frozen=True, eq=False)
class Judgement:
    """One picture's agreement.

    Parameters
    ----------
    origin, field : str
        Source and name of the picture.
    confusion : (10, 10) array
        Pixels: rows are the truth, columns the prediction.
    pixel_area_um2 : float
        Of one pixel.
    samples : tuple of LogitSample
        What the network said of some of its pixels, for `histo.train.calibration.calibrate`.
    """

    origin: str
    field: str
    confusion: NDArray[np.int64]
    pixel_area_um2: float
    samples: tuple[LogitSample, ...] = ()


def evaluate(
    model: str | PathLike[str] | Model,
    annotations: Iterable[str | PathLike[str]] = (),
    *,
    drawn_seeds: Iterable[int] = range(90_000, 90_012),
    folder: str | PathLike[str] = "runs",
    device: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """Judge a model on annotated fields and on drawn sections.

    Parameters
    ----------
    model : str, path-like or Model
        A model, or the name or folder of one.
    annotations : iterable of path-like, optional
        Folders of annotation sets, or of pictures with polygons of the same name. All of their fields are judged, so
        name none that the model was trained on.
    drawn_seeds : iterable of int, optional
        Seeds of drawn sections. The default ones are those that the recipes of histo hold out.
    folder : path-like, optional
        Where pictures brought to the model's µm/px are kept.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    progress : callable, optional
        Called with what is done (``drawing`` or ``judging``), how much of it, and of how much.

    Returns
    -------
    DataFrame
        As `judgement_table` makes it.

    Raises
    ------
    UnknownModel, CorruptModel
        If the model is not there, or damaged.
    InvalidAnnotation
        If a set does not read, or is not complete.
    """
    found = model if isinstance(model, Model) else load_model(model)
    mpp, place = found.spec.mpp, Path(folder)
    pool = DrawnPool(place / "drawn", mpp, drawing_digest())
    drawn = pool.fill(drawn_seeds, progress=None if progress is None else lambda *done: progress("drawing", *done))
    fields = [entry for path in annotations for entry in open_annotation_set(Path(path)).fields]
    real = [prepare_field(entry, mpp, place / "real") for entry in fields]
    return judgement_table(judge(found, [*drawn, *real], device=device, progress=progress))


def judge(
    model: Model,
    folders: Sequence[Path],
    *,
    keep: Callable[[Path, NDArray[np.uint8], NDArray[np.uint8]], None] | None = None,
    device: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Judgement]:
    """Predict each picture once, and count.

    Of a picture that is annotated in some places only, the network is asked about the tiles that hold any truth.

    Parameters
    ----------
    model : Model
        To judge.
    folders : sequence of Path
        Pictures at the model's µm/px, for `histo.train.source.load_source`.
    keep : callable, optional
        Called with each picture's folder, its predicted compartments and their confidence; both are 0 in tiles without
        truth.
    device, progress
        As in `evaluate`.

    Returns
    -------
    list of Judgement
    """
    judgements = []
    for n_done, path in enumerate(folders, start=1):
        source = load_source(path)
        labels, confidence, samples = _predict(model, source, device)
        if keep is not None:
            keep(path, labels, confidence)
        confusion = confusion_matrix(np.asarray(source.truth), labels)
        judgements.append(Judgement(source.origin, source.name, confusion, model.spec.mpp**2, samples))
        if progress is not None:
            progress("judging", n_done, len(folders))
    return judgements


def _predict(
    model: Model, source: Source, device: str | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[LogitSample, ...]]:
    canvas = canvas_of(slide_from_array(np.asarray(source.image), mpp=model.spec.mpp), model.spec.mpp)
    has_truth = np.asarray(source.truth) < N_CLASSES
    labels, confidence = np.zeros((2, *has_truth.shape), np.uint8)
    chosen, samples = ChosenPixels.of(source, model.spec), []

    def is_wanted(window: Window) -> bool:
        return bool(has_truth[window.slices(canvas.whole)].any())

    for part in predict_tiles(model, canvas, canvas.whole, device=device, is_wanted=is_wanted, keeps_logits=True):
        place = part.window.slices(canvas.whole)
        labels[place], confidence[place] = part.labels, part.confidence
        samples.append(chosen.sample(part))
    return labels, confidence, tuple(samples)


def judgement_table(judgements: Iterable[Judgement]) -> pd.DataFrame:
    """Put judgements into a table.

    Parameters
    ----------
    judgements : iterable of Judgement
        From `judge`.

    Returns
    -------
    DataFrame
        One row per picture and compartment: `origin`, `field`, `compartment` (also ``villus`` for both of its
        compartments together, and ``tissue`` for all but background), `dice`, `truth_um2`, `predicted_um2`. For each
        origin there is a field ``all``, of its pictures' pixels taken together. A compartment that is neither in a
        picture nor predicted there has no row.
    """
    judged = list(judgements)
    rows: list[tuple[str, str, str, float, float, float]] = []
    for origin in dict.fromkeys(entry.origin for entry in judged):
        own = [entry for entry in judged if entry.origin == origin]
        whole = Judgement(origin, "all", np.sum([entry.confusion for entry in own], axis=0), own[0].pixel_area_um2)
        for entry in (*own, whole):
            rows.extend(_rows(entry))
    columns = ["origin", "field", "compartment", "dice", "truth_um2", "predicted_um2"]
    return pd.DataFrame(rows, columns=columns)


def _rows(entry: Judgement) -> Iterable[tuple[str, str, str, float, float, float]]:
    groups = {**{member.label: (member,) for member in Compartment}, **POOLED}
    for name, members in groups.items():
        chosen = [int(member) for member in members]
        truth, predicted = entry.confusion[chosen].sum(), entry.confusion[:, chosen].sum()
        if truth or predicted:
            areas = float(truth * entry.pixel_area_um2), float(predicted * entry.pixel_area_um2)
            yield entry.origin, entry.field, name, dice(entry.confusion, members), *areas
