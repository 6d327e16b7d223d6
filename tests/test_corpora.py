"""All cases of a long corpus are tried after a change, and some otherwise."""

import json

import pytest

from tests import corpora

CASES = [f"case {number}" for number in range(30)]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A repository with a corpus that was tried in full."""
    monkeypatch.delenv("WHOLE_CORPORA", raising=False)
    root = tmp_path / "work" / "course"  # the repository may lie in a folder of any name
    monkeypatch.setitem(corpora.CORPORA, "made-up", (5, ("code", "list.txt")))
    (root / "code" / "__pycache__").mkdir(parents=True)
    (root / "code" / "one.py").write_text("x")
    (root / "list.txt").write_text("x")
    notes = tmp_path / "notes.json"
    notes.write_text(json.dumps({"made-up": corpora.state("made-up", root)}))
    return {"root": root, "notes": notes}


def test_some_are_drawn_the_same_for_one_run_and_each_has_a_chance(place):
    drawn = [corpora.some("made-up", CASES, lot=lot, **place) for lot in range(99)]
    assert {len(one) for one in drawn} == {5}
    assert drawn[7] == corpora.some("made-up", CASES, lot=7, **place)
    assert set().union(*drawn) == set(CASES)
    assert corpora.some("made-up", CASES[:3], **place) == CASES[:3]


@pytest.mark.parametrize("changed", ["code/one.py", "code/two.py", "list.txt"])
def test_all_are_tried_after_a_change(place, changed):
    (place["root"] / changed).write_text("changed")
    assert corpora.some("made-up", CASES, **place) == sorted(CASES)


def test_all_are_tried_when_asked_for(place, monkeypatch):
    (place["root"] / "code" / "__pycache__" / "one.pyc").write_text("no change")
    assert len(corpora.some("made-up", CASES, **place)) == 5
    monkeypatch.setenv("WHOLE_CORPORA", "1")
    assert corpora.some("made-up", CASES, **place) == sorted(CASES)


def test_what_a_corpus_depends_on_is_there():
    for _number, places in corpora.CORPORA.values():
        for place in places:
            assert (corpora.ROOT / place).exists(), place
