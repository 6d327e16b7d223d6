"""Archives of a learning management system: the honest are unpacked, the others refused in one line."""

import io
import logging
import os
import struct
import tarfile
import unicodedata
import zipfile

import pytest
from nbgrader.plugins import ExtractorPlugin

from mlops_course.grading.archives import MEGABYTE, CarefulExtractor
from tests.assignment.course_copy import ASSIGNMENT, CourseCopy
from tests.attacks import archives

BOMB = 30
NAME = "Ana Lovelace_4711_assignsubmission_file_week-09_ana"


@pytest.fixture
def folders(tmp_path):
    """Make the folder with what was downloaded, and the one to unpack to."""
    made = tmp_path / "archive", tmp_path / "extracted"
    for folder in made:
        folder.mkdir()
    return made


@pytest.fixture
def extract(folders, caplog):
    """Unpack; give the files that came of it and the lines of the log that refuse."""

    def run(plugin=CarefulExtractor, **limits):
        log = logging.getLogger("archives")
        with caplog.at_level(logging.INFO, logger="archives"):
            plugin(log=log, **limits).extract(*map(str, folders))
        files = {str(path.relative_to(folders[1])) for path in folders[1].rglob("*") if path.is_file()}
        return files, [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]

    return run


def pack(path, content):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)


def tar(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.size = len(content)
            member.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            archive.addfile(member, io.BytesIO(content))


def replace_header(path, mark, offset, value):
    """Change a field of 2 or 4 bytes in the header that starts with a mark."""
    data = bytearray(path.read_bytes())
    data[(at := data.index(mark) + offset) : at + len(value)] = value
    path.write_bytes(data)


def encrypted(path):
    pack(path, {"one.ipynb": "{}"})
    replace_header(path, b"PK\x01\x02", 8, struct.pack("<H", 1))


def lying(path):
    archives.bomb(path, megabytes=BOMB)
    replace_header(path, b"PK\x01\x02", 24, struct.pack("<L", 1000))


def broken_content(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first.txt", "sound")
        archive.writestr("one.ipynb", "the original content")
    path.write_bytes(path.read_bytes().replace(b"original", b"modified"))


def truncated_tar(path):
    tar(path, [("first.txt", b"sound", tarfile.REGTYPE), ("one.ipynb", bytes(range(256)) * 400, tarfile.REGTYPE)])
    path.write_bytes(path.read_bytes()[:-200])


def long_header(path):
    tar(path, [("x", bytes(40 * MEGABYTE), tarfile.XHDTYPE), ("one.ipynb", b"{}", tarfile.REGTYPE)])


def claimed(path):
    """Write only the header of a file said to be very large."""
    member = tarfile.TarInfo("one.ipynb")
    member.size = 10**12
    path.write_bytes(member.tobuf())


REFUSED = {
    "bomb": (".zip", lambda path: archives.bomb(path, megabytes=BOMB), "unpacks to more than 100 times its size"),
    "total": (".zip", lambda path: pack(path, {f"{n}.csv": "x" * 900_000 for n in range(4)}), "more than 3 MB"),
    "file": (".zip", lambda path: pack(path, {"one.csv": "x" * 1_500_000}), "'one.csv' is larger than 1 MB"),
    "entries": (".zip", lambda path: pack(path, dict.fromkeys(map(str, range(31)), "")), "more than 30 entries"),
    "absolute": (".zip", lambda path: pack(path, {"/tmp/climbed.txt": ""}), "'/tmp/climbed.txt' leads out"),
    "climbing": (".zip", archives.climbing, "climbed.txt' leads out"),
    "backslash": (".zip", lambda path: pack(path, {"..\\climbed.txt": ""}), "leads out"),
    "drive": (".zip", lambda path: pack(path, {"C:climbed.txt": ""}), "leads out"),
    "link": (".zip", lambda path: archives.linking(path, "/etc/passwd"), "'functions.ipynb' is a link"),
    "encrypted": (".zip", encrypted, "it is encrypted"),
    "lying": (".zip", lying, "cannot be unpacked"),
    "broken content": (".zip", broken_content, "Bad CRC-32"),
    "no archive": (".zip", lambda path: path.write_text("hello " * 500), "neither a zip nor a tar"),
    "no tar": (".gz", lambda path: path.write_bytes(b"\x1f\x8b hello"), "neither a zip nor a tar"),
    "empty": (".zip", lambda path: pack(path, {}), "it is empty"),
    "no room": (".zip", lambda path: pack(path, {"a": "", "a/b": ""}), "cannot be unpacked"),
    "line break": (".zip", lambda path: pack(path, {"../a\nREFUSED b": ""}), "'../a REFUSED b' leads out"),
    "lzma": (".gz", lambda path: tar(path, [("a", b"", tarfile.REGTYPE)], "w:xz"), "unusual method"),
    "tar bomb": (
        ".tar.gz",
        lambda path: tar(path, [("one.ipynb", bytes(BOMB * MEGABYTE), tarfile.REGTYPE)]),
        "unpacks to more than 100 times its size",
    ),
    "tar claimed": (".zip", claimed, "larger than 100 MB"),
    "tar header": (".tar.gz", long_header, "unpacks to more than is allowed"),
    "tar climbing": (".tar.gz", lambda path: tar(path, [("../a", b"", tarfile.REGTYPE)]), "leads out"),
    "tar absolute": (".gz", lambda path: tar(path, [("/tmp/a", b"", tarfile.REGTYPE)], "w:bz2"), "leads out"),
    "tar link": (".tar.gz", lambda path: tar(path, [("a", b"", tarfile.SYMTYPE)]), "'a' is a link"),
    "tar hard link": (".tar.gz", lambda path: tar(path, [("a", b"", tarfile.LNKTYPE)]), "'a' is a link"),
    "tar device": (".tar.gz", lambda path: tar(path, [("a", b"", tarfile.FIFOTYPE)]), "'a' is a link or a device"),
    "tar truncated": (".tar.gz", truncated_tar, "cannot be unpacked"),
}
TIGHTER = {
    "total": {"max_total_size": 3 * MEGABYTE},
    "file": {"max_file_size": MEGABYTE},
    "entries": {"max_entries": 30},
    "tar header": {"max_total_size": 10 * MEGABYTE},
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_is_refused_in_one_line_and_the_others_unpacked(case, folders, extract):
    suffix, make, reason = REFUSED[case]
    make(folders[0] / f"{NAME}{suffix}")
    pack(folders[0] / "week-09_ben.zip", {"one.ipynb": "{}"})
    files, lines = extract(**TIGHTER.get(case, {}))
    assert files == {"week-09_ben/one.ipynb"}
    assert [path.name for path in folders[1].iterdir()] == ["week-09_ben"]
    assert len(lines) == 1
    assert lines[0].startswith(f"REFUSED {NAME}{suffix} of ")
    assert reason in lines[0]
    assert "ask for a new zip" in lines[0]
    assert "\n" not in lines[0]


@pytest.mark.parametrize("case", TIGHTER)
def test_the_limits_alone_decide(case, folders, extract):
    suffix, make, _ = REFUSED[case]
    make(folders[0] / f"{NAME}{suffix}")
    files, lines = extract(max_ratio=10_000.0)
    assert files
    assert lines == []


def test_nbgraders_own_plugin_unpacks_the_bomb(folders, extract):
    archives.bomb(folders[0] / "week-09_ana.zip", megabytes=BOMB)
    extract(ExtractorPlugin)
    assert archives.size(folders[1]) == BOMB * MEGABYTE


def test_an_archive_inside_stays_packed(folders, extract, caplog):
    archives.nested_bomb(folders[0] / "class.zip", megabytes=BOMB)
    files, lines = extract()
    assert files == {"class/more.zip"}
    assert lines == []
    assert "class.zip holds other archives (1), which stay packed" in caplog.text


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w"])
def test_honest_tar_archives_are_unpacked(mode, folders, extract):
    long = "week-09/" + "long/" * 30 + "one.ipynb"
    tar(folders[0] / "week-09_ana.tar.gz", [("week-09", b"", tarfile.DIRTYPE), (long, b"{}", tarfile.REGTYPE)], mode)
    assert extract() == ({f"week-09_ana/{long}"}, [])


def test_the_command_names_the_student_and_collects_the_others(tmp_path, small_source):
    course = CourseCopy(tmp_path / "course", ("one", "two"), source=small_source)
    folder = course.folder / "downloaded" / ASSIGNMENT / "archive"
    (folder / "Ben O'Brien_4712_assignsubmission_file_").mkdir(parents=True)
    archives.bomb(folder / f"{NAME}.zip", megabytes=BOMB)
    pack(folder / "Ben O'Brien_4712_assignsubmission_file_" / "week-09_ben.b.zip", {"one.ipynb": "{}"})
    pack(folder / "turingcem_98765_54321_week-09_cem (1).zip", {"week-09\\one.ipynb": "{}"})
    done = course.nbgrader("zip_collect", ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    refused = [line for line in done.stderr.splitlines() if "REFUSED" in line]
    assert len(refused) == 1
    assert f"{NAME}.zip of student 'ana': 'functions.ipynb' unpacks to more than 100 times" in refused[0]
    collected = (course.folder / "submitted").rglob("one.ipynb")
    assert sorted(path.parent.parent.name for path in collected) == ["ben.b", "cem"]


def collect(tmp_path, source, uploads):
    """Run `nbgrader zip_collect` on uploads (name → date → content); return student → files, and what was said."""
    course = CourseCopy(tmp_path / "course", ("one", "two"), source=source)
    folder = course.folder / "downloaded" / ASSIGNMENT / "archive"
    for name, (date, content) in uploads.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pack(folder / name, content)
        os.utime(folder / name, (date, date))
    done = course.nbgrader("zip_collect", ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    assert not (course.folder / ASSIGNMENT).exists()
    found = {}
    for path in sorted((course.folder / "submitted").rglob("*")):
        if path.is_file():
            parts = path.relative_to(course.folder / "submitted").parts
            found.setdefault(parts[0], {})["/".join(parts[2:])] = path.read_text()
    return found, [line for line in done.stderr.splitlines() if "| WARNING]" in line or "| ERROR]" in line]


MOODLE = "_4711_assignsubmission_file_week-09_"
DAY = 86_400
NOON = 1_800_000_000


def test_the_newest_upload_of_a_student_is_taken_and_all_others_are_collected(tmp_path, small_source):
    uploads = {
        f"Ana Lovelace{MOODLE}ana.zip": (NOON, {"one.ipynb": "old", "notes.txt": "of the old one"}),
        f"Ana Lovelace{MOODLE}ana (1).zip": (NOON + DAY, {"one.ipynb": "new"}),
        f"Ben{MOODLE}ben.zip": (NOON + DAY, {"one.ipynb": "new"}),
        f"Ben{MOODLE}ben (1).zip": (NOON, {"one.ipynb": "old"}),
        f"Cem{MOODLE}cem (9).zip": (NOON + 2, {"one.ipynb": "old"}),
        f"Cem{MOODLE}cem (10).zip": (NOON + 1, {"one.ipynb": "new"}),
        "Dua_4714_assignsubmission_file_/week-09_dua.zip": (NOON, {"one.ipynb": "only"}),
        "week-09_eve.zip": (NOON, {"one.ipynb": "old"}),
        f"Eve{MOODLE}eve.zip": (NOON + DAY, {"one.ipynb": "new"}),
    }
    found, said = collect(tmp_path, small_source, uploads)
    assert found == {name: {"one.ipynb": "new"} for name in ("ana", "ben", "cem", "eve")} | {
        "dua": {"one.ipynb": "only"}
    }
    lines = {name: [line for line in said if f"student '{name}'" in line] for name in found}
    assert {name: len(one) for name, one in lines.items()} == {"ana": 1, "ben": 1, "cem": 1, "dua": 0, "eve": 1}
    assert "uploaded 2 times: the newest, " in lines["ana"][0]
    assert f"'Ana Lovelace{MOODLE}ana (1)' of 2027-01-16" in lines["ana"][0]
    assert f"is collected, not 'Ana Lovelace{MOODLE}ana'. If another one counts, remove" in lines["ana"][0]


def test_nobody_is_collected_as_somebody_else(tmp_path, small_source):
    uploads = {
        f"Ana{MOODLE}ana.zip": (NOON, {"one.ipynb": "ana", "week-09_ben/one.ipynb": "ana as ben"}),
        f"Ben{MOODLE}ben.zip": (NOON, {"one.ipynb": "ben"}),
        f"Cem{MOODLE}cem.zip": (NOON, {"one.ipynb": "cem"}),
        f"Mallory{MOODLE}cem (1).zip": (NOON + DAY, {"one.ipynb": "mallory as cem"}),
        f"Mallory{MOODLE}...zip": (NOON + DAY, {"one.ipynb": "mallory as a folder"}),
    }
    found, said = collect(tmp_path, small_source, uploads)
    assert found == {"ana": {"one.ipynb": "ana", "week-09_ben/one.ipynb": "ana as ben"}, "ben": {"one.ipynb": "ben"}}
    refused = [line for line in said if "NOT COLLECTED" in line]
    assert len(refused) == 1
    assert "2 people uploaded as student 'cem'" in refused[0]


def test_one_odd_zip_does_not_stop_the_others(tmp_path, small_source):
    """In both the same file would be collected twice, or to where a folder must be."""
    twice = {"one.ipynb": "outer", "old/week-09/one.ipynb": "inner", "old/week-09/notes.txt": "kept"}
    uploads = {
        "week-09_ana.zip": (NOON, twice),
        "week-09_ben.zip": (NOON, {"a.csv": "file", "week-09/a.csv/b.csv": "in a folder"}),
        "week-09_cem.zip": (NOON, {"one.ipynb": "cem"}),
    }
    found, said = collect(tmp_path, small_source, uploads)
    assert found == {
        "ana": {"one.ipynb": "outer", "notes.txt": "kept"},
        "ben": {"a.csv": "file"},
        "cem": {"one.ipynb": "cem"},
    }
    assert [line for line in said if "'ana'" in line and "not 'week-09_ana/old/week-09/one.ipynb'" in line]


def test_archives_of_the_assignment_are_no_alarm(tmp_path, small_source):
    uploads = {
        "week-09_ana.zip": (NOON, {"one.ipynb": "{}", "data.zip": "given"}),
        "week-09_ben.zip": (NOON, {"week-09.zip": "all that ben has"}),
    }
    found, said = collect(tmp_path, small_source, uploads)
    assert found["ana"] == {"one.ipynb": "{}", "data.zip": "given"}
    assert ["week-09_ben.zip holds other archives (1)" in line for line in said if "other archives" in line] == [True]


def test_names_that_macos_decomposed_are_collected(tmp_path, small_source):
    decomposed = {form: unicodedata.normalize(form, "josé") for form in ("NFC", "NFD")}
    assert decomposed["NFC"] != decomposed["NFD"]
    file = unicodedata.normalize("NFD", "données.csv")
    screenshot = "Screenshot 2026-11-20 at 9.41.00\u202fPM.png"
    found, _ = collect(
        tmp_path, small_source, {f"week-09_{decomposed['NFD']}.zip": (NOON, {file: "1", screenshot: "2"})}
    )
    assert found == {decomposed["NFC"]: {"données.csv": "1", screenshot: "2"}}


def test_names_in_utf8_that_macos_does_not_declare(folders, extract):
    """Names that are no UTF-8 are those of Windows."""
    names = {"ana": "données \N{GRINNING FACE}.csv".encode(), "ben": "é.csv".encode("cp437")}
    for student, name in names.items():
        path, plain = folders[0] / f"week-09_{student}.zip", "x" * len(name)
        pack(path, {plain: "1"})
        path.write_bytes(path.read_bytes().replace(plain.encode(), name))
    assert extract() == ({"week-09_ana/données \N{GRINNING FACE}.csv", "week-09_ben/é.csv"}, [])
