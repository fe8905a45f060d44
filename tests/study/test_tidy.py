from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from histo.study import StudyTables
from histo.study.tidy import write_tidy

Draw = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def study(draw_sections_table: Draw) -> StudyTables:
    table = draw_sections_table(seed=1, sections_per_animal=(2, 3))
    table["sex"] = table["animal"].map(lambda animal: "female" if animal.endswith("1") else "male")
    table["batch"] = table["slide"].where(table["animal"] == "C14-1", "r1")
    return StudyTables(table[~((table["animal"] == "C14-5") & (table["segment"] == "ileum"))])


def test_the_long_table_has_a_row_an_animal_segment_and_endpoint(study: StudyTables) -> None:
    long, animals = study.tidy(), study.animals()
    assert len(long) == len(animals)
    assert list(long.columns[:8]) == [
        *("animal", "group", "timepoint", "segment", "endpoint", "unit", "value", "n_sections")
    ]
    row = long[(long["animal"] == "E7-2") & (long["segment"] == "ileum") & (long["endpoint"] == "crypt_depth_um")].iloc[
        0
    ]
    own = animals[
        (animals["animal"] == "E7-2") & (animals["segment"] == "ileum") & (animals["endpoint"] == "crypt_depth_um")
    ]
    assert row["value"] == own["value"].iloc[0]
    assert (row["unit"], row["sex"]) == ("µm", "male")


def test_a_covariate_in_which_an_animals_slides_differ_is_not_guessed(study: StudyTables) -> None:
    long = study.tidy()
    assert long.loc[long["animal"] == "C14-1", "batch"].isna().all()
    assert set(long.loc[long["animal"] == "C14-2", "batch"]) == {"r1"}


def test_covariates_that_the_study_lacks_are_no_columns(study: StudyTables) -> None:
    assert not {"cage", "clinical_score", "na_f"} & set(study.tidy().columns)


def test_prism_has_segments_in_rows_and_arms_in_columns_control_first(study: StudyTables) -> None:
    table = study.prism("crypt_depth_um")
    assert list(table.index) == ["duodenum", "jejunum", "ileum"]
    assert list(table.columns) == ["control @ 14"] * 5 + ["EAE @ 7"] * 5 + ["EAE @ 14"] * 5
    animals = study.animals()
    control = animals[(animals["group"] == "control") & (animals["endpoint"] == "crypt_depth_um")]
    jejunum = control[control["segment"] == "jejunum"].sort_values("animal")["value"]
    assert table.loc["jejunum"].to_numpy()[:5] == pytest.approx(jejunum.to_numpy())


def test_an_animal_stands_in_one_column_and_a_missing_value_is_an_empty_cell(study: StudyTables) -> None:
    table = study.prism("crypt_depth_um")
    assert table.loc["ileum"].isna().to_numpy().nonzero()[0].tolist() == [4]


def test_arms_of_unequal_size_get_the_same_number_of_columns(draw_sections_table: Draw) -> None:
    table = draw_sections_table(seed=1, segments=("ileum",), sections_per_animal=(2, 2))
    prism = StudyTables(table[~table["animal"].isin(["E7-4", "E7-5"])]).prism("vh_cd")
    assert prism.shape == (1, 15)
    assert int(prism.isna().sum().sum()) == 2


def test_the_files_read_back(tmp_path: Path, study: StudyTables) -> None:
    paths = write_tidy(tmp_path, study.animals(), study.sections, "control")
    assert {path.name for path in paths} >= {"animals_long.csv", "crypt_depth_um.csv"}
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "animals_long.csv")[["animal", "value"]], study.tidy()[["animal", "value"]]
    )
    with (tmp_path / "prism" / "crypt_depth_um.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:6] == ["segment", *["control @ 14"] * 5]
    assert [row[0] for row in rows[1:]] == ["duodenum", "jejunum", "ileum"]
