"""Give the rows of a section their identity, and make its row of the ``sections`` table."""

from __future__ import annotations

import pandas as pd

from histo.batch.outputs import ScoredSection
from histo.io import Slide
from histo.nn import ModelSpec
from histo.schema import IDENTITY
from histo.score import summarise_section
from histo.types import SectionId

__all__ = ["section_row", "with_identity"]


def section_row(slide: Slide, scored: ScoredSection, model: ModelSpec | None) -> pd.DataFrame:
    """Make the section's row: what its measures sum up to, and what it was measured on and with.

    Parameters
    ----------
    slide : Slide
        The slide it lies on.
    scored : ScoredSection
        The section.
    model : ModelSpec, optional
        What made its label map. Without one, it was given, or says only where there is tissue.

    Returns
    -------
    DataFrame
        One row with the columns of the ``sections`` table but the identity.
    """
    summary = dict(summarise_section(scored.measures, scored.labels))
    section = scored.section
    of_structure = str(summary.pop("flags", "")).split()
    if model is None:
        summary["confidence"] = float("nan")
    if not scored.has_structure:
        of_structure = []
    flags = [*scored.flags, *section.flags, *of_structure]
    facts = {
        "stain": scored.stain,
        "slide_mpp": slide.mpp,
        "mpp_source": "" if slide.pixel_size is None else slide.pixel_size.source,
        "label_mpp": scored.labels.mpp,
        "excluded_mm2": float(scored.exclusions["tissue_mm2"].sum()),
        "model": scored.labels_from if model is None else f"{model.name} {model.sha256[:12]}",
        "flags": " ".join(dict.fromkeys(flags)),
        "row": float(section.row),
        "col": float(section.col),
        "height": float(section.height),
        "width": float(section.width),
    }
    return pd.DataFrame([{**summary, **facts}])


def with_identity(table: pd.DataFrame, section_id: SectionId) -> pd.DataFrame:
    """Put slide and section before each row; animal and group stay empty until the tables of the run are put together.

    The design is not needed for a slide's own tables, so that mending it does not cost scoring again.
    """
    known = {"slide": section_id.slide, "section": section_id.section}
    identity = pd.DataFrame({column.name: known.get(column.name, "") for column in IDENTITY}, index=table.index)
    return pd.concat([identity, table], axis=1)
