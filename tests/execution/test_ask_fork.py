"""The little program that asks for a forked interpreter writes and reads JSON without `json`."""

import importlib.util
import json
import os
import socket
import struct
import sys
from pathlib import Path

import pytest

from mlops_course.execution import fork_client

MESSAGE = {
    "kind": "dvc",
    "arguments": ["dvc", "add", 'a "b".csv', "ü\n", os.fsdecode(b"\xff.csv")],
    "environment": {"A": "", "B=C": "\\", "PATH": "/usr/bin"},
    "folder": "/home/student",
    "umask": 18,
}


def answer(text):
    """What `receive` makes of an answer."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(struct.pack(">Q", len(text)) + text)
        return fork_client.receive(here, "code")


def test_what_it_writes_is_json():
    assert json.loads(fork_client.as_json(MESSAGE)) == MESSAGE
    assert json.loads(fork_client.as_json({"a": {}, "b": []})) == {"a": {}, "b": []}


@pytest.mark.parametrize("code", [0, 1, -15, 255])
def test_it_reads_what_the_keeper_writes(code):
    assert answer(json.dumps({"code": code}).encode()) == code


@pytest.mark.parametrize("text", [b'{"pid": 3}', b"[]", b'{"code": "x"}', b""])
def test_another_answer_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        answer(text)


def test_without_a_keeper_there_is_no_answer():
    here, there = socket.socketpair()
    there.close()
    with here:
        assert fork_client.receive(here, "code") is None


def test_it_imports_nothing_that_takes_long():
    """What it may use has to be in Python's core: that is the whole point of it."""
    source = Path(importlib.util.find_spec("mlops_course.execution.fork_client").origin).read_text(encoding="utf-8")
    named = {line.split()[1] for line in source.splitlines() if line.strip().startswith(("import ", "from "))}
    assert named == {"os", "sys", "_signal", "_socket", "_json"}
    assert {"_signal", "os", "sys"} <= {*sys.builtin_module_names, "os"}
