from __future__ import annotations

import pandas as pd
import pytest

from histo.errors import InvalidArgument, InvalidTable, UnknownProfile
from histo.schema import TABLES, empty_table
from histo.score import Baseline, ControlValue, load_profile, score_table
from histo.score.markdown import profiles_markdown

BASELINE = Baseline(
    {
        "crypt_depth_um": ControlValue(100.0, 10.0, 5, 40),
        "vh_cd": ControlValue(4.0, 0.5, 5, 40),
        "iel_per_100": ControlValue(10.0, 2.0, 5, 40),
    },
    segment="jejunum",
)


def _sections(**columns: object) -> pd.DataFrame:
    identity = {"slide": ["m1", "m2"], "section": "s1", "animal": ["a1", "a2"], "group": "EAE", "timepoint": "14"}
    measures = {"segment": ["jejunum", "ileum"], "iel_per_100": 41.0, "crypt_depth_um": 150.0, "vh_cd": [1.5, 3.5]}
    return pd.DataFrame(identity | measures | columns)


def test_row_is_a_section_and_a_profile() -> None:
    scores = score_table(_sections(), ["marsh-oberhuber", load_profile("chiu")], BASELINE, species="mouse")
    assert list(scores.columns) == TABLES["scores"].names
    assert list(zip(scores["slide"], scores["profile"], scores["grade"], strict=True)) == [
        ("m1", "marsh-oberhuber", "3a"),
        ("m1", "chiu", ""),
        ("m2", "marsh-oberhuber", ""),
        ("m2", "chiu", ""),
    ]
    assert scores["rank"].tolist()[0] == 3.0
    assert scores["rank"].isna().tolist() == [False, True, True, True]
    assert scores["label"].tolist() == ["Marsh-like", "Chiu", "Marsh-like", "Chiu"]
    assert "the controls are of jejunum, the section of ileum" in scores["reason"].iloc[2]
    assert scores["explanation"].str.startswith(("Marsh-like", "Chiu")).all()


def test_each_segment_is_compared_with_its_own_controls() -> None:
    deep = Baseline({**BASELINE.measures, "crypt_depth_um": ControlValue(150.0, 10.0, 5, 40)}, segment="ileum")
    scores = score_table(_sections(), ["marsh-oberhuber"], {"jejunum": BASELINE, "ileum": deep})
    assert scores["grade"].tolist() == ["3a", "1"]
    only_one = score_table(_sections(), ["marsh-oberhuber"], {"jejunum": BASELINE})
    assert only_one["grade"].tolist() == ["3a", ""]
    assert "no controls were given" in only_one["reason"].iloc[1]


def test_study_without_sections_has_no_scores() -> None:
    columns = TABLES["scores"].columns
    pd.testing.assert_frame_equal(score_table(_sections().iloc[:0], ["chiu"]), empty_table(columns))
    pd.testing.assert_frame_equal(score_table(_sections(), []), empty_table(columns))


def test_study_is_left_as_it_was() -> None:
    sections = _sections()
    before = sections.copy()
    score_table(sections, ["marsh-oberhuber"], BASELINE)
    pd.testing.assert_frame_equal(sections, before)


def test_problems_of_sections_and_profiles_are_raised() -> None:
    with pytest.raises(InvalidTable, match="animal"):
        score_table(_sections().drop(columns="animal"), ["chiu"])
    with pytest.raises(UnknownProfile, match="marsh"):
        score_table(_sections(), ["marsh"])
    with pytest.raises(InvalidArgument, match=r"m2/s1.*iel_per_100 cannot have this value"):
        score_table(_sections(iel_per_100=[1.0, -1.0]), ["marsh-oberhuber"])


def test_page_of_profiles_shows_every_cut_off_and_whose_it_is() -> None:
    page = profiles_markdown()
    assert "| `iel_raised` | `iel_per_100` > 30 per 100 epithelial cells | **published** |" in page
    assert "| `crypts_hyperplastic` | `crypt_depth_um` > control mean + 2 SD | **ours** |" in page
    variant = page.split("### ensari-bulb\n")[1].split("\n### ")[0]
    assert variant.count("\n| `") == 1
    assert "`vh_cd` < 2 " in variant
