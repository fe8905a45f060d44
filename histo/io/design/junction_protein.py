"""Proteins of cell junctions, however people write them."""

from __future__ import annotations

import re

__all__ = ["JUNCTION_PROTEINS", "as_junction_protein"]

JUNCTION_PROTEINS: dict[str, tuple[str, ...]] = {
    "zo-1": ("zo1", "tjp1"),
    "zo-2": ("zo2", "tjp2"),
    "zo-3": ("zo3", "tjp3"),
    "occludin": ("occludin", "ocln"),
    "tricellulin": ("tricellulin", "marveld2"),
    "jam-a": ("jama", "f11r"),
    "e-cadherin": ("ecadherin", "ecad", "cdh1"),
    "beta-catenin": ("betacatenin", "bcatenin", "ctnnb1"),
    "zonulin": ("zonulin",),
}
"""What stands in the tables, and the names and genes that mean it, in small letters and digits. Claudins have numbers:
``claudin-2`` is claudin and cldn with any number, ``claudin`` an antibody against several."""

_NAMES = {written: name for name, all_written in JUNCTION_PROTEINS.items() for written in all_written}
_CLAUDIN = re.compile(r"(?:claudins?|cldn)(\d{0,2})")
_GREEK = str.maketrans({"β": "beta", "ß": "beta"})


def as_junction_protein(text: str) -> str:
    """Tell a protein of cell junctions from how it is written.

    Parameters
    ----------
    text : str
        In letters of any case; hyphens, spaces, underscores and full stops do not matter.

    Returns
    -------
    str
        As it stands in the tables; empty if it is none that is known.

    Examples
    --------
    >>> [as_junction_protein(text) for text in ("ZO1", "Claudin 2", "β-catenin", "CD4")]
    ['zo-1', 'claudin-2', 'beta-catenin', '']
    """
    plain = re.sub(r"[^a-z0-9]", "", text.translate(_GREEK).lower())
    claudin = _CLAUDIN.fullmatch(plain)
    if claudin is not None:
        return f"claudin-{int(claudin[1])}" if claudin[1] else "claudin"
    return _NAMES.get(plain, "")
