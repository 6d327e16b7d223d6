"""A kernel of ours looks for magic once for each cell, and finds what IPython finds."""

import pytest
from IPython.core import inputtransformer2
from IPython.core.inputtransformer2 import TokenTransformBase, TransformerManager

from course.execution.parent import transform_once

CELLS = ["x = 1", "%time x", "files = !ls", "len?", "a = (1\n % 2)", "%%bash\nls", "if True:\n    !ls\n", "x = 1"]


class Shout(TokenTransformBase):
    """A transformer of a student: the name `shout` becomes a call."""

    @classmethod
    def find(cls, tokens_by_line):
        for line in tokens_by_line:
            if line and line[0].string == "shout":
                return cls(line[0].start)
        return None

    def transform(self, lines):
        return [*lines[: self.start_line], "print('A')\n", *lines[self.start_line + 1 :]]


@pytest.fixture
def searched(monkeypatch):
    """The texts that are searched for magic."""
    genuine = TransformerManager.do_token_transforms
    texts = []

    def counting(self, lines):
        texts.append("".join(lines))
        return genuine(self, lines)

    monkeypatch.setattr(TransformerManager, "do_token_transforms", counting)
    transform_once()
    return texts


@pytest.mark.parametrize("cell", CELLS)
def test_same_text(cell, monkeypatch):
    expected = TransformerManager().transform_cell(cell)
    monkeypatch.setattr(TransformerManager, "do_token_transforms", TransformerManager.do_token_transforms)
    transform_once()
    manager = TransformerManager()
    assert [manager.transform_cell(one) for one in (cell, "y = 2", cell, cell)][::2] == [expected, expected]
    assert manager.transform_cell(cell) == expected


def test_once_for_each_cell(searched):
    manager = TransformerManager()
    for cell in ("!ls", "!ls", "!pwd", "!pwd"):
        manager.transform_cell(cell)
    assert searched == ["!ls\n", "!pwd\n"]


def test_what_is_returned_may_be_changed(searched):
    manager = TransformerManager()
    manager.do_token_transforms(["x = 1\n"]).clear()
    assert manager.do_token_transforms(["x = 1\n"]) == ["x = 1\n"]


def test_with_another_transformer_nothing_is_remembered(searched):
    manager = TransformerManager()
    assert manager.transform_cell("shout\n") == "shout\n"
    manager.token_transformers.append(Shout)
    assert manager.transform_cell("shout\n") == "print('A')\n"
    assert manager.transform_cell("shout\n") == "print('A')\n"
    assert len(searched) == 3
    assert inputtransformer2.TransformerManager().transform_cell("shout\n") == "shout\n"


def test_an_error_is_not_remembered(searched):
    manager = TransformerManager()
    with pytest.raises(TypeError):
        manager.do_token_transforms([1])
    with pytest.raises(TypeError):
        manager.do_token_transforms([1])
