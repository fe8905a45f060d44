"""To which compartment of a section the junctions and cells of a network belong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.location import LOCATIONS, check_same_field, compartment_areas_um2, locate
from histo.measure.junction.network import JunctionNetwork
from histo.types import Compartment, LabelMap

__all__ = ["EPITHELIA", "Whereabouts", "find_whereabouts"]

EPITHELIA = (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT)
"""The compartments whose junctions are measured where there is a label map."""

# Cells are several µm wide: looking at them at this distance sees each at many places.
_GRID_UM = 0.5


@dataclass(frozen=True, eq=False)
class Whereabouts:
    """The compartment of each junction and cell: the one that most of it lies in.

    Parameters
    ----------
    junctions : (n,) array of str
        Names from `histo.location.LOCATIONS`, in the network's order.
    cells : (n,) array of str
        By label, from 1 upwards.
    areas_mm2 : dict of str to float
        Room of each of `EPITHELIA`.
    """

    junctions: NDArray[np.str_]
    cells: NDArray[np.str_]
    areas_mm2: dict[str, float]

    @property
    def is_epithelial(self) -> NDArray[np.bool_]:
        """Which junctions belong to one of `EPITHELIA`."""
        return np.isin(self.junctions, list(self.areas_mm2))


def find_whereabouts(network: JunctionNetwork, labels: LabelMap) -> Whereabouts:
    """Say in which compartments the junctions and cells of a field lie.

    Parameters
    ----------
    network : JunctionNetwork
    labels : LabelMap
        Of the same field, from the same outer corner, at any pixel size.

    Returns
    -------
    Whereabouts

    Raises
    ------
    InvalidArgument
        If the label map is not of the same field.
    """
    check_same_field(network.shape, network.mpp, labels)
    points = [junction.points for junction in network.junctions]
    of_junctions = np.repeat(np.arange(len(points)), [len(each) for each in points])
    along = np.concatenate([*points, np.zeros((0, 2))])
    stride = max(round(_GRID_UM / network.mpp), 1)
    rows, cols = (np.arange(stride // 2, size, stride) for size in network.shape)
    grid = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
    of_cells = network.cell_labels[grid[:, 0], grid[:, 1]] - 1
    areas = compartment_areas_um2(labels) / 1e6
    return Whereabouts(
        _most_of(of_junctions, _codes(along, network.mpp, labels), len(points)),
        _most_of(of_cells, _codes(grid, network.mpp, labels), network.n_cells),
        {place.label: float(areas[place]) for place in EPITHELIA},
    )


def _codes(points: NDArray[np.generic], mpp: float, labels: LabelMap) -> NDArray[np.uint8]:
    """Look points of the field up, which are counted from the middle of its first pixel."""
    return locate(labels, (points.astype(np.float64) + 0.5) * (mpp / labels.mpp) - 0.5)


def _most_of(owners: NDArray[np.generic], codes: NDArray[np.uint8], n_owners: int) -> NDArray[np.str_]:
    votes = np.bincount(owners.astype(np.int64) * len(LOCATIONS) + codes, minlength=n_owners * len(LOCATIONS))
    names: NDArray[np.str_] = np.array(LOCATIONS)
    return np.asarray(names[votes.reshape(n_owners, len(LOCATIONS)).argmax(axis=1)])
