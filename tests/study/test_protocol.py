from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from histo.errors import InvalidArgument, InvalidProtocol, UnknownProtocol
from histo.study import Protocol, StudyTables, list_protocols, load_protocol

Draw = Callable[..., pd.DataFrame]

VALID: dict[str, object] = {
    "id": "ours",
    "version": "1",
    "title": "Crypts in the ileum",
    "segments": ["jejunum", "ileum"],
    "arms": [
        {"name": "control", "group": "control", "is_reference": True, "source": "lab"},
        {"name": "early", "group": "EAE", "timepoint": "7", "is_before_signs": True, "source": "lab"},
        {"name": "late", "group": "EAE", "timepoint": "14", "source": "lab"},
    ],
    "endpoints": [
        {
            "name": "crypt depth",
            "column": "crypt_depth_um",
            "unit": "µm",
            "definition": "Along the centreline.",
            "source": "lab",
        }
    ],
    "analysis": {
        "unit": "animal",
        "test": "permutation",
        "correction": "westfall_young",
        "corrects_comparisons": False,
        "level": 0.05,
        "minimum_repeats": 5,
        "minimum_sections": 2,
        "covariates": [],
        "section_weights": "units",
        "section_estimator": "mean",
        "source_of": {
            name: {"source": "lab"}
            for name in (
                *("unit", "test", "correction", "corrects_comparisons", "level", "covariates"),
                *("minimum_repeats", "minimum_sections", "section_weights", "section_estimator"),
            )
        },
    },
    "questions": [{"name": name, "source": "lab"} for name in ("onset", "progression", "segment")],
}


def _changed(path: tuple[str | int, ...], value: object) -> dict[str, object]:
    """A valid protocol with one entry replaced, or taken away where the value is None."""
    entries = copy.deepcopy(VALID)
    inside: object = entries
    for step in path[:-1]:
        inside = inside[step]  # type: ignore[index]
    if value is None:
        del inside[path[-1]]  # type: ignore[attr-defined]
    else:
        inside[path[-1]] = value  # type: ignore[index]
    return entries


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(entry)}' for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("'", '"') if isinstance(value, str) else str(value)


def _write(folder: Path, entries: dict[str, object], name: str = "ours.toml") -> Path:
    path = folder / name
    path.write_text("\n".join(f"{key} = {_toml(value)}" for key, value in entries.items()), encoding="utf-8")
    return path


ARMS = VALID["arms"]
INVALID = [
    (("id",), "Not A Name", "id: String should match pattern"),
    (("title",), None, "title: Field required"),
    (("colour",), "red", "colour: Extra inputs are not permitted"),
    (("segments",), ["ileum", "colon"], "segments number 2: Input should be 'duodenum', 'jejunum' or 'ileum'"),
    (("segments",), ["ileum", "ileum"], "segment 'ileum' stands there twice"),
    (("arms", 0, "is_reference"), False, "one arm is the reference, got none"),
    (("arms", 1, "is_reference"), True, "got control, early"),
    (("arms", 0, "is_before_signs"), True, "the reference control cannot be before signs"),
    (("arms", 1, "timepoint"), "", "early is before signs and needs a timepoint"),
    (("arms", 2, "name"), "early", "arm 'early' stands there twice"),
    (("arms", 2, "timepoint"), "7", "group and timepoint 'EAE @ 7' stands there twice"),
    (("arms", 2, "source"), "guess", "arms late, source: Input should be 'paper', 'histo' or 'lab'"),
    (("endpoints", 0, "unit"), "mm", "unit: crypt_depth_um is in µm, not in mm"),
    (("endpoints", 0, "unit"), None, "unit: crypt_depth_um is in µm, not in no unit"),
    (("endpoints", 0, "margin"), 0.0, "endpoints crypt depth, margin: Input should be greater than 0"),
    (("endpoints", 0, "normalisation"), "z_score", "normalisation: Input should be 'none' or 'ratio_to_control'"),
    (("endpoints",), [], "endpoints: needs 1 endpoint or more"),
    (("analysis", "unit"), "section", "analysis, unit: Input should be 'animal'"),
    (("analysis", "test"), "t-test on sections", "analysis, test: Input should be 'permutation'"),
    (("analysis", "correction"), "none", "analysis, correction: Input should be 'westfall_young'"),
    (("analysis", "section_weights"), "area", "analysis, section_weights: Input should be 'equal'"),
    (("analysis", "level"), 5, "analysis, level: Input should be less than 1"),
    (("analysis", "source_of", "level"), None, "source_of lacks level"),
    (("analysis", "source_of", "power"), {"source": "lab"}, "source_of names power, which is no decision"),
    (("questions", 0, "name"), "cause", "questions cause, name: Input should be"),
    (("questions", 1, "name"), "onset", "question 'onset' stands there twice"),
    (("arms", 1, "is_before_signs"), False, "onset needs an arm with is_before_signs"),
    (("arms",), ARMS[:2], "progression needs two arms beside the reference"),  # type: ignore[index]
    (("segments",), ["ileum"], "segment needs two segments"),
    (("segments",), [], "segments: needs 1 segment or more"),
    (("arms",), ARMS[:1], "arms: needs 2 arms or more"),  # type: ignore[index]
]


@pytest.mark.parametrize(("path", "value", "part"), INVALID)
def test_a_protocol_that_cannot_be_followed_is_refused(
    tmp_path: Path, path: tuple[str | int, ...], value: object, part: str
) -> None:
    with pytest.raises(InvalidProtocol) as raised:
        load_protocol(_write(tmp_path, _changed(path, value)))
    assert part in str(raised.value)
    assert "ours.toml" in str(raised.value)


def test_the_valid_protocol_is_valid(tmp_path: Path) -> None:
    protocol = load_protocol(_write(tmp_path, VALID))
    assert protocol.presymptomatic == ("7",)
    plan = protocol.plan(["crypt_depth_um"])
    assert (plan.endpoints, plan.reference, plan.minimum_repeats) == (("crypt_depth_um",), "control", 5)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    entries = _changed(("segments",), ["ileum", "ileum"])
    entries["endpoints"][0]["unit"] = "mm"  # type: ignore[index]
    entries["analysis"]["level"] = 2  # type: ignore[index]
    entries["questions"].append({"name": "barrier"})  # type: ignore[attr-defined]
    entries["title"] = ""
    with pytest.raises(InvalidProtocol, match="the protocol has 5 problems") as raised:
        load_protocol(_write(tmp_path, entries))
    for part in ("stands there twice", "not in mm", "less than 1", "questions barrier, source", "title"):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("text", "error", "part"),
    [
        ("id = ", InvalidProtocol, "is not TOML"),
        ("\xff\xfe", InvalidProtocol, "protocol"),
        ("", InvalidProtocol, "id: Field"),
    ],
)
def test_a_file_that_is_no_protocol_is_refused(tmp_path: Path, text: str, error: type[Exception], part: str) -> None:
    path = tmp_path / "ours.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(error, match=part):
        load_protocol(path)


@pytest.mark.parametrize("name", ["nouri2015", "absent.toml"])
def test_a_protocol_that_does_not_exist_names_those_that_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownProtocol, match=r"nouri2014|absent\.toml"):
        load_protocol(name)


def test_a_protocol_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_protocol("nouri2014").version = "2"  # type: ignore[misc]


def test_nouri_has_the_papers_layout_and_claims_none_of_its_tests() -> None:
    protocol = load_protocol("nouri2014")
    assert "nouri2014" in list_protocols()
    assert protocol.segments == ("duodenum", "jejunum", "ileum")
    assert [arm.name for arm in protocol.arms] == ["control", "EAE day 7", "EAE day 14"]
    assert [entry.column for entry in protocol.endpoints] == [
        *("villus_height_um", "crypt_depth_um", "submucosa_um", "muscularis_um", "zonulin_positive_pixels_per_mm2")
    ]
    assert [entry.name for entry in protocol.endpoints if entry.normalisation == "ratio_to_control"] == ["zonulin"]
    assert protocol.margins == {}
    for name in protocol.analysis.decisions:
        assert protocol.analysis.source_of[name].origin.startswith("not stated by the paper; histo's default")


@pytest.fixture(scope="module")
def sections(draw_sections_table: Draw) -> pd.DataFrame:
    return draw_sections_table(seed=3, sections_per_animal=(2, 3))


@pytest.mark.parametrize("names", [("EAE", "EAE"), ("eae7", "EAE 14"), ("EAE day 7", "EAE d14")])
def test_groups_are_known_by_the_names_that_labs_give_them(sections: pd.DataFrame, names: tuple[str, str]) -> None:
    table = sections.copy()
    for timepoint, name in zip(("7", "14"), names, strict=True):
        is_arm = (table["group"] == "EAE") & (table["timepoint"] == timepoint)
        table.loc[is_arm, "group"] = name
        if name != "EAE":
            table.loc[is_arm, "timepoint"] = ""
    contrasts = StudyTables(table).following("nouri2014").compare("crypt_depth_um")
    assert set(contrasts["contrast"]) == {"EAE @ 7 - control @ 14", "EAE @ 14 - control @ 14"}


def test_days_are_known_in_any_spelling(sections: pd.DataFrame) -> None:
    table = sections.assign(timepoint="day " + sections["timepoint"], group=sections["group"].str.upper())
    study = StudyTables(table).following("nouri2014")
    assert set(study.sections["timepoint"]) == {"day 14", "7", "14"}
    assert set(study.sections["group"]) == {"control", "EAE"}


def test_what_is_missing_and_left_out_is_said(sections: pd.DataFrame) -> None:
    extra = sections[sections["group"] == "EAE"].assign(
        group="EAE + drug", animal=lambda table: "D" + table["animal"], slide=lambda table: "D" + table["slide"]
    )
    study = StudyTables(pd.concat([sections[sections["segment"] != "ileum"], extra])).following("nouri2014")
    remarks = "; ".join(study.remarks)
    assert "ileum was not sampled" not in remarks or "ileum" not in set(study.sections["segment"])
    assert "of other arms left out: EAE + drug" in remarks
    assert "zonulin was not measured (column zonulin_positive_pixels_per_mm2)" in remarks
    assert "zonulin" not in " ".join(study.plan.endpoints)


def test_an_arm_that_was_not_sampled_is_said(sections: pd.DataFrame) -> None:
    study = StudyTables(sections[sections["timepoint"] == "14"]).following("nouri2014")
    assert "EAE day 7 was not sampled" in study.remarks


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda table: table.assign(group=table["group"].replace("control", "untreated")), "control"),
        (lambda table: table.assign(timepoint="21"), "EAE day 7, EAE day 14"),
        (lambda table: table.assign(animal="", group=""), "no animal: the results know no design table"),
    ],
)
def test_a_study_without_the_protocols_arms_is_refused(
    sections: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame], part: str
) -> None:
    with pytest.raises(InvalidArgument, match=part):
        StudyTables(change(sections)).following("nouri2014")


def test_a_study_without_any_endpoint_is_refused(sections: pd.DataFrame) -> None:
    blank = sections.assign(
        **dict.fromkeys(("villus_height_um", "crypt_depth_um", "submucosa_um", "muscularis_um"), np.nan)
    )
    with pytest.raises(InvalidArgument, match="no endpoint of the protocol nouri2014 was measured"):
        StudyTables(blank).following("nouri2014")


def test_zonulin_is_the_ratio_to_the_mean_of_the_control_animals_of_the_segment(sections: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    of_segment = {"duodenum": 100.0, "jejunum": 200.0, "ileum": 400.0}
    rise = np.where(sections["group"] == "control", 1.0, 2.5)
    counted = sections["segment"].map(of_segment) * rise * rng.normal(1, 0.02, len(sections))
    study = StudyTables(sections.assign(zonulin_positive_pixels_per_mm2=counted)).following("nouri2014")
    ratio = study.compare("zonulin_positive_pixels_per_mm2_ratio_to_control")
    assert ratio["mean_a"].to_numpy() == pytest.approx(1.0)
    assert ratio["mean_b"].to_numpy() == pytest.approx(2.5, abs=0.1)
    assert study.remarks == ()


def test_the_protocols_questions_are_answered_and_no_others(sections: pd.DataFrame) -> None:
    study = StudyTables(sections[sections["segment"] != "duodenum"]).following("nouri2014")
    table = study.questions()
    assert set(table["question"]) == {"onset", "progression", "segment"}
    assert "(declared)" in table.loc[table["aspect"] == "first", "finding"].iloc[0]


def test_a_margin_of_the_protocol_is_tested(tmp_path: Path, sections: pd.DataFrame) -> None:
    entries = _changed(("endpoints", 0, "margin"), 60.0)
    study = StudyTables(sections).following(_write(tmp_path, entries))
    table = study.equivalence()
    assert set(table["aspect"]) == {"margin 60 µm"}
    assert "shown" in set(table["verdict"])


def test_a_protocol_object_is_taken_too(sections: pd.DataFrame) -> None:
    protocol = Protocol.model_validate(VALID)
    assert StudyTables(sections).following(protocol).plan.minimum_sections == 2
