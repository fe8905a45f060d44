"""How strongly each cell is stained for each marker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.segmentation.marker.bleed_through import BleedThrough, correct_bleed_through
from histo.segmentation.marker.checked import as_intensity, as_labels
from histo.segmentation.marker.region import Regions
from histo.segmentation.marker.ring import label_rings
from histo.stain import subtract_background

__all__ = ["MarkerSite", "measure_markers"]

MarkerSite = Literal["nucleus", "ring"]


def measure_markers(
    nuclei: NDArray[np.integer],
    markers: Mapping[str, NDArray[np.generic]],
    mpp: float,
    *,
    ring_um: float = 2.0,
    sites: Mapping[str, MarkerSite] | None = None,
    positive_above: Mapping[str, float] | None = None,
    background_um: float | None = None,
    bleed_through: BleedThrough | None = None,
) -> pd.DataFrame:
    """Measure every marker in every nucleus and in the ring of cytoplasm and membrane around it.

    Parameters
    ----------
    nuclei : (rows, cols) array of int
        Label of the nucleus, 0 where there is none; any positive labels.
    markers : mapping of str to (rows, cols) array
        Intensity of each marker: a fluorescence channel, or the optical density of DAB.
    mpp : float
        µm per pixel.
    ring_um : float
        Width of the ring. It holds no pixel of any nucleus, and is split between neighbours by the nearest nucleus.
    sites : mapping of str to {"nucleus", "ring"}, optional
        Where each marker is looked for: Foxp3 in the nucleus, CD4 in the ring. Nucleus where nothing is said.
    positive_above : mapping of str to float, optional
        For these markers, the share of the ring's pixels above this intensity is measured as well.
    background_um : float, optional
        Take off the background with a rolling ball of this radius first (`histo.stain.subtract_background`). None:
        not at all, as for optical densities, which have none. The ball rolls over the array given, so that tiles of
        one slide differ a little; without it, a tile with a margin of `ring_um` gives the values of the whole slide.
    bleed_through : BleedThrough, optional
        Take out what other stains show in a channel, after the background.

    Returns
    -------
    DataFrame
        A row a nucleus, by ascending label: ``label``; ``is_cut_at_border``, whether it touches the edge of the array,
        so that only a part of it is seen; ``ring_area_um2``; and of each marker ``<marker>_nucleus_mean``,
        ``_nucleus_median``, ``_ring_mean``, ``_ring_median``, ``_ring_positive`` (0 to 1, where asked for), and
        ``<marker>_intensity``, the mean at its site. A nucleus hemmed in on all sides has no ring: missing there.

    Raises
    ------
    InvalidArgument
        If shapes differ, labels are not whole and positive, values are not finite, or `sites` or `positive_above`
        name an unknown marker.
    MissingPixelSize
        If `mpp` is not a positive number.

    Notes
    -----
    Intensities of fluorescence may be compared only between pictures of one stain, exposure and camera. An optical
    density may be compared between slides of one staining run.

    Examples
    --------
    >>> nuclei = np.zeros((5, 5), np.int32)
    >>> nuclei[2, 2] = 7
    >>> marker = np.full((5, 5), 10.0)
    >>> marker[2, 2] = 100.0
    >>> measure_markers(nuclei, {"foxp3": marker}, 1.0, ring_um=1.0)[["label", "foxp3_intensity", "foxp3_ring_mean"]]
       label  foxp3_intensity  foxp3_ring_mean
    0      7            100.0             10.0
    """
    labelled = as_labels(nuclei)
    where = _sites(markers, sites or {}, positive_above or {})
    images = {name: as_intensity(name, image, labelled.shape) for name, image in markers.items()}
    ring_labels = label_rings(labelled, mpp, ring_um=ring_um)
    if background_um is not None:
        images = {name: subtract_background(image, mpp, radius_um=background_um) for name, image in images.items()}
    if bleed_through is not None:
        images = correct_bleed_through(images, bleed_through)
    inside = Regions.of(labelled)
    ring = Regions.of(ring_labels, inside.labels)
    columns: dict[str, NDArray[np.generic]] = {
        "label": inside.labels.astype(np.int64),
        "is_cut_at_border": np.isin(inside.labels, _edge(labelled)),
        "ring_area_um2": ring.n_pixels * float(mpp) ** 2,
    }
    for name, image in images.items():
        columns[f"{name}_nucleus_mean"] = inside.mean(image)
        columns[f"{name}_nucleus_median"] = inside.quantile(image, 0.5)
        columns[f"{name}_ring_mean"] = ring.mean(image)
        columns[f"{name}_ring_median"] = ring.quantile(image, 0.5)
        if positive_above and name in positive_above:
            columns[f"{name}_ring_positive"] = ring.mean(image > positive_above[name])
        columns[f"{name}_intensity"] = columns[f"{name}_{where[name]}_mean"]
    return pd.DataFrame(columns)


def _sites(
    markers: Mapping[str, object], sites: Mapping[str, MarkerSite], positive_above: Mapping[str, float]
) -> dict[str, MarkerSite]:
    unknown = sorted({*sites, *positive_above} - set(markers))
    if unknown:
        raise InvalidArgument("unknown marker", expected=", ".join(markers) or "no marker", got=", ".join(unknown))
    wrong = sorted({site for site in sites.values() if site not in get_args(MarkerSite)})
    if wrong:
        raise InvalidArgument("unknown site", expected="nucleus or ring", got=", ".join(wrong))
    return {name: sites.get(name, "nucleus") for name in markers}


def _edge(labelled: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.unique(np.concatenate([labelled[0], labelled[-1], labelled[:, 0], labelled[:, -1]]))
