"""Files that are there as a whole, and zips that are always the same."""

import io
import zipfile
from pathlib import Path

import pytest
import time_machine

from mlops_course.files import make_zip, write_whole


def test_the_moment_and_the_order_do_not_matter():
    files = [("w09/b", b"two", False), ("w09/a/ä.sh", b"one", True)]

    def naive():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content, _ in files:
                archive.writestr(name, content)
        return packed.getvalue()

    made = {}
    for moment in ("2026-01-01 10:00", "2027-08-15 23:30"):
        with time_machine.travel(moment):
            made[moment] = make_zip(files), make_zip(reversed(files)), naive()
    (one, turned, careless), (later, _, careless_later) = made.values()
    assert one == turned == later
    assert careless != careless_later, "the control should show a difference"
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        assert archive.testzip() is None
    assert modes == {"w09/a/ä.sh": 0o100755, "w09/b": 0o100644}


def test_a_file_is_written_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "made.zip"
    write_whole(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["made.zip"]
    assert path.read_bytes() == b"old"


def test_text_is_written_as_it_is(tmp_path):
    write_whole(tmp_path / "page.html", "é\n")
    assert (tmp_path / "page.html").read_bytes() == b"\xc3\xa9\n"
