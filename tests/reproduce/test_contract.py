"""A notebook that does not keep the contract gets one clear line."""

import json

import pytest

from mlops_course.errors import ContractError
from mlops_course.reproduce.contract import read_promise


def refusal(path):
    with pytest.raises(ContractError) as caught:
        read_promise(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_good_notebook(notebook):
    promise = read_promise(notebook("good", "print(seed)", parameters="seed: int = 7\nrate = 0.1"))
    assert promise.seed == 7
    assert promise.kernel == "python3"
    assert promise.cells == ["parameters", "cell-1"]


def test_no_such_file(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.ipynb")


def test_a_folder(tmp_path):
    assert "folder" in refusal(tmp_path)


@pytest.mark.parametrize("content", ["", "not json", "[]", "{}", '{"cells": 3}', '"text"', "\x00\x01"])
def test_not_a_notebook(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_text(content, encoding="utf-8")
    assert "notebook" in refusal(path)


def test_binary_file(tmp_path):
    path = tmp_path / "binary.ipynb"
    path.write_bytes(bytes(range(256)))
    assert "not a notebook" in refusal(path)


def test_no_parameters_cell(notebook):
    message = refusal(notebook("untagged", "seed = 1", parameters=None))
    assert "'parameters'" in message
    assert "Cell Tags" in message


def test_no_seed(notebook):
    message = refusal(notebook("seedless", "print(1)", parameters="rate = 0.1\nepochs = 3"))
    assert "epochs, rate" in message
    assert "not `seed`" in message


def test_parameters_that_are_not_python(notebook):
    assert "line 2" in refusal(notebook("magic", "print(1)", parameters="seed = 1\n%time x = 2"))


def test_a_seed_that_is_computed_must_be_named(notebook):
    assert read_promise(notebook("computed", "print(1)", parameters="seed = 6 * 7")).seed is None


@pytest.mark.parametrize("line", ["seed, rate = 42, 0.1", "[seed, x] = [42, 1]", "seed = 42\nbad = {[1]: 2}"])
def test_other_ways_to_set_the_seed(notebook, line):
    assert read_promise(notebook("ways", "print(1)", parameters=line)).seed == 42


def test_no_code(tmp_path):
    path = tmp_path / "text.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    assert "no code cell" in refusal(path)
