"""Choose how sure a network has to be of a centre before it counts as a nucleus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from histo.nn import NucleiModel
from histo.train.nuclei.evaluation import FARTHEST_UM, predict_field
from histo.train.nuclei.field import load_field
from histo.train.nuclei.matching import Agreement, match_centres

__all__ = ["choose_threshold"]

_LOWEST = 0.15
_TRIED = np.round(np.arange(0.2, 0.81, 0.02), 2)


def choose_threshold(
    model: NucleiModel, folders: Sequence[Path], shares: Mapping[str, float], *, device: str | None = None
) -> float:
    """Take the threshold with the highest F1 of detection, the mean over sets.

    Parameters
    ----------
    model : NucleiModel
        Its own threshold does not matter.
    folders : sequence of Path
        Pictures that it was trained on, for `load_field`: those held out must not have a say.
    shares : mapping of str to float
        How much each set counts in the mean.
    device : str, optional
        As `histo.nn.choose_device` takes it.

    Returns
    -------
    float
        0.2 to 0.8; that of the model if there are no pictures.
    """
    if not folders:
        return model.spec.threshold
    eager = NucleiModel(model.spec.model_copy(update={"threshold": _LOWEST}), model.network)
    totals: dict[str, list[Agreement]] = {}
    for folder in folders:
        picture = load_field(folder)
        found = predict_field(eager, picture, device=device)
        sums = totals.setdefault(picture.origin, [Agreement(0, 0, 0)] * len(_TRIED))
        for place, threshold in enumerate(_TRIED):
            kept = found.centre[found.probability >= threshold] * picture.mpp
            n_pairs = len(match_centres(picture.truth.centre * picture.mpp, kept, FARTHEST_UM)[0])
            sums[place] = sums[place] + Agreement(len(picture.truth), len(kept), n_pairs)
    weights = [shares[origin] for origin in totals]
    scores = np.average([[entry.f1 for entry in sums] for sums in totals.values()], axis=0, weights=weights)
    return float(_TRIED[int(np.nanargmax(scores))])
