from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from histo.errors import InvalidProfile, UnknownProfile
from histo.score import Profile, list_profiles, load_profile

PLAIN = """
id = "lab"
version = "1"
title = "Crypts of our lab"
label = "Lab"
species = "mouse"
label_elsewhere = "Lab-like"
licence = "ours"
sources = [{key = "sop", citation = "SOP 3", is_verified = true}]
inputs = [{name = "depth", column = "crypt_depth_um", unit = "µm", meaning = "depth", next_step = "Measure it."}]
findings = [
  {name = "deep", says = "deep", input = "depth", operator = ">", threshold = 120, source = "published", where = "sop"},
]
grades = [
  {grade = "0", meaning = "Shallow.", none_of = ["deep"]},
  {grade = "1", meaning = "Deep.", all_of = ["deep"]},
]
"""
EXTENDING = 'extends = {id = "marsh-oberhuber", version = "1"}\nid = "lab"\nversion = "2"\n'


def _write(folder: Path, text: str) -> Path:
    path = folder / "lab.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_profile_of_a_lab_is_read_from_its_file(tmp_path: Path) -> None:
    profile = load_profile(_write(tmp_path, PLAIN))
    assert (profile.id, profile.finding_named("deep").threshold) == ("lab", 120.0)


def test_extending_profile_keeps_what_it_does_not_state(tmp_path: Path) -> None:
    changed = """
[[findings]]
name = "iel_raised"
says = "raised"
input = "iel"
operator = ">="
threshold = 20
source = "published"
where = "jcp"
"""
    profile, base = load_profile(_write(tmp_path, EXTENDING + changed)), load_profile("marsh-oberhuber")
    assert str(profile.extends) == "marsh-oberhuber version 1"
    assert profile.finding_named("iel_raised").limit == "20"
    assert [finding.name for finding in profile.findings] == [finding.name for finding in base.findings]
    assert [f for f in profile.findings if f not in base.findings] == [profile.finding_named("iel_raised")]
    assert profile.grades == base.grades


INVALID = [
    ("id = ", "not TOML"),
    ("", r"\d+ problems:"),
    (PLAIN.replace('"1"\n', "1\n", 1), "version.*valid string"),
    (PLAIN.replace('species = "mouse"', 'species = "Mus musculus"'), "species.*pattern"),
    (PLAIN.replace("threshold = 120,", ""), "findings deep.*exactly one of threshold"),
    (PLAIN.replace("threshold = 120", "threshold = 120, control_sd = 2"), "findings deep.*exactly one of threshold"),
    (PLAIN.replace("threshold = 120", "control_fold = -1"), "findings deep, control_fold.*greater than 0"),
    (PLAIN.replace("threshold = 120", "threshold = nan"), "findings deep, threshold.*finite"),
    (PLAIN.replace("threshold = 120", 'threshold = "__import__"'), "findings deep, threshold.*number"),
    (PLAIN.replace('operator = ">"', 'operator = "=="'), "findings deep, operator"),
    (PLAIN.replace(', where = "sop"', ""), "published cut-off needs where"),
    (PLAIN.replace('"published", where = "sop"', '"ours"'), "cut-off of ours needs why"),
    (PLAIN.replace('"published", where = "sop"', '"hearsay", where = "sop"'), "findings deep, source"),
    (PLAIN.replace('where = "sop"', 'where = "paper"'), "'deep' cites 'paper', which is no source"),
    (PLAIN.replace('input = "depth"', 'input = "width"'), "compares 'width', which is no input"),
    (PLAIN.replace('["deep"]}', '["deeper"]}'), "names 'deeper', which is no finding"),
    (PLAIN.replace('none_of = ["deep"]', "none_of = []"), "'0' and '1' can both fit"),
    (PLAIN.replace('grade = "1"', 'grade = "0"'), "grade '0' stands there twice"),
    (PLAIN.replace("{grade =", "{score = 3, grade ="), "grades 0, score"),
    (PLAIN.replace('all_of = ["deep"]', "all_of = []").replace('none_of = ["deep"]', "none_of = []"), "no grade uses"),
    (PLAIN[: PLAIN.index("findings")] + "findings = []\ngrades = []", "at least 1 finding; needs at least 2 grades"),
    (PLAIN + "colour = 3", "colour"),
    ("grades = 3", "grades: .*tuple"),
    ("grades = [3]", "grades number 1"),
    ("extends = 3", "extends names a profile and its version"),
    ('extends = {id = "marsh", version = "1"}', "does not bring.*got 'marsh'"),
    ('extends = {id = ["marsh"], version = "1"}', "does not bring"),
    ('extends = {id = "ensari", version = "0"}', "another version of ensari.*expected version '1'.*got '0'"),
    (EXTENDING + 'findings = [{name = "iel_raised"}]', "findings iel_raised, says"),
    (EXTENDING + "findings = 3", "findings"),
]


@pytest.mark.parametrize(("text", "message"), INVALID)
def test_invalid_profile_is_refused_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidProfile, match=message) as caught:
        load_profile(_write(tmp_path, text))
    assert "lab.toml" in str(caught.value)


def test_all_problems_stand_in_one_message(tmp_path: Path) -> None:
    text = PLAIN.replace('operator = ">"', 'operator = "~"').replace('species = "mouse"', "species = 3")
    with pytest.raises(InvalidProfile, match="2 problems:") as caught:
        load_profile(_write(tmp_path, text))
    assert "species" in str(caught.value)
    assert "operator" in str(caught.value)


@pytest.mark.parametrize("name", ["marsh", "erben-small-intestine", "", "no/such.toml", "a\0b"])
def test_unknown_profile_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownProfile, match="profile"):
        load_profile(name)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidProfile, match="does not read"):
        load_profile(path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InvalidProfile, match="does not read"):
        load_profile(tmp_path / "folder.toml")


@given(
    st.lists(
        st.tuples(st.integers(0, len(PLAIN) - 1), st.text("abc[]{}=\"',\n019.-", max_size=3), st.integers(0, 4)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_profile_is_a_profile_or_an_error_of_ours(tmp_path: Path, edits: list[tuple[int, str, int]]) -> None:
    text = PLAIN
    for place, insert, n_lost in edits:
        text = text[:place] + insert + text[place + n_lost :]
    with suppress(InvalidProfile):
        assert isinstance(load_profile(_write(tmp_path, text)), Profile)


def test_every_shipped_profile_loads_and_is_the_same_each_time() -> None:
    assert len(list_profiles()) >= 8
    for name in list_profiles():
        assert load_profile(name) is load_profile(name)
