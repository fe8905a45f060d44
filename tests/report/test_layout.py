from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from histo.report.layout import layout_of
from histo.study import StudyTables


def test_the_page_remarks_on_batches_that_stand_for_groups(draw_sections_table: Callable[..., pd.DataFrame]) -> None:
    sections = draw_sections_table(n_animals=2, segments=("ileum",), sections_per_animal=(2, 2))
    nothing = pd.DataFrame(columns=["reference", "comparison"])

    (remark,) = layout_of(StudyTables(sections.assign(batch=sections["group"])), nothing).remarks

    assert remark.startswith("Batch is wholly confounded with group")
    assert layout_of(StudyTables(sections), nothing).remarks == []
