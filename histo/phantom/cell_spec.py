"""Which cells a drawn section holds, how many of them and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from histo.errors import InvalidArgument

__all__ = ["CellSpec", "Extent", "InflammatoryDensity"]

Extent = Literal["none", "mucosa", "submucosa", "transmural"]
_EXTENTS: tuple[Extent, ...] = ("none", "mucosa", "submucosa", "transmural")


@dataclass(frozen=True)
class InflammatoryDensity:
    """Inflammatory cells of one compartment.

    Parameters
    ----------
    lymphocyte_per_mm2, granulocyte_per_mm2 : float
        Nuclei per mm² of it.
    """

    lymphocyte_per_mm2: float = 0.0
    granulocyte_per_mm2: float = 0.0


@dataclass(frozen=True)
class CellSpec:
    """Cells of the mucosa and of the wall.

    Parameters
    ----------
    lymphocyte_per_mm2, stromal_per_mm2 : float
        Nuclei per mm² of lamina propria.
    granulocyte_per_mm2 : float
        Granulocytes per mm² of lamina propria.
    crypt_zone : InflammatoryDensity, optional
        Those of the lamina propria between and under the crypts, where they differ from those of the villi.
    submucosa, muscularis : InflammatoryDensity
        Those of the wall below the mucosa.
    iel_per_100 : float
        Intraepithelial lymphocytes per 100 enterocytes of the villi.
    goblet : float
        Share of epithelial cells that are goblet cells.
    cd4, foxp3, il17 : float
        Share of lymphocytes that are CD4 positive; of those the share that is Foxp3 positive; and of the other CD4
        positive ones the share that is IL-17 positive. No picture shows IL-17.
    zo1_gaps_per_mm, zo1_gap_um : float
        Gaps in the apical ZO-1 line per mm of it, and their mean length.
    """

    lymphocyte_per_mm2: float = 4800.0
    stromal_per_mm2: float = 3200.0
    granulocyte_per_mm2: float = 250.0
    crypt_zone: InflammatoryDensity | None = None
    submucosa: InflammatoryDensity = InflammatoryDensity(lymphocyte_per_mm2=120.0)
    muscularis: InflammatoryDensity = InflammatoryDensity()
    iel_per_100: float = 8.0
    goblet: float = 0.10
    cd4: float = 0.45
    foxp3: float = 0.12
    il17: float = 0.06
    zo1_gaps_per_mm: float = 6.0
    zo1_gap_um: float = 6.0

    def infiltrated(self, extent: Extent) -> CellSpec:
        """Let inflammatory cells grow into the wall, from the mucosa outwards.

        The factors and densities are ours; they are large enough to be told from the spread of drawn controls.

        Parameters
        ----------
        extent : {"none", "mucosa", "submucosa", "transmural"}
            The deepest layer that they reach. ``none`` changes nothing.

        Returns
        -------
        CellSpec
            With more lymphocytes, granulocytes and intraepithelial lymphocytes, and Th17 cells in place of Treg.

        Raises
        ------
        InvalidArgument
            If the extent is none of these.

        Examples
        --------
        >>> CellSpec().infiltrated("transmural").muscularis.lymphocyte_per_mm2
        900.0
        """
        if extent not in _EXTENTS:
            raise InvalidArgument("unknown extent of an infiltrate", expected=", ".join(_EXTENTS), got=repr(extent))
        depth = _EXTENTS.index(extent)
        if depth == 0:
            return self
        mucosa = replace(
            self,
            lymphocyte_per_mm2=1.6 * self.lymphocyte_per_mm2,
            granulocyte_per_mm2=4.0 * self.granulocyte_per_mm2,
            iel_per_100=2.5 * self.iel_per_100,
            foxp3=0.5 * self.foxp3,
            il17=3.0 * self.il17,
        )
        submucosa = InflammatoryDensity(lymphocyte_per_mm2=1500.0, granulocyte_per_mm2=300.0)
        muscularis = InflammatoryDensity(lymphocyte_per_mm2=900.0, granulocyte_per_mm2=250.0)
        return replace(
            mucosa,
            submucosa=submucosa if depth > 1 else self.submucosa,
            muscularis=muscularis if depth > 2 else self.muscularis,
        )
