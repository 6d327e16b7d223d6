"""What is left out of jsonschema until it is needed, is there when it is."""

import subprocess
import sys

import pytest

ADDRESSES = ["http://exämple.org/ä?q=1#x", "http://[::1]/", "not an address", "", "//exämple.org", "http://a b/"]
ASK = f"""
import jsonschema, sys
checker = jsonschema.FormatChecker()
loaded = "rfc3987_syntax" in sys.modules
print(loaded, [checker.conforms(text, kind) for text in {ADDRESSES!r} for kind in ("iri", "iri-reference")])
"""


def run(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded, _, answers = done.stdout.strip().partition(" ")
    return loaded == "True", answers


def test_the_grammar_is_loaded_when_it_is_asked_and_answers_the_same():
    postponed, answers = run("from course.execution.slow_grammar import postpone\npostpone()" + ASK)
    at_once, genuine = run(ASK)
    assert (postponed, at_once) == (False, True)
    assert answers == genuine
    assert "True" in genuine
    assert "False" in genuine


@pytest.mark.parametrize("program", ["import jsonschema\npostpone()", "postpone()\nimport jsonschema\npostpone()"])
def test_others_get_the_genuine_module(program):
    check = "import rfc3987_syntax\nprint(rfc3987_syntax.is_valid_syntax('iri', 'http://a/'), rfc3987_syntax.__file__)"
    loaded, file = run(f"from course.execution.slow_grammar import postpone\n{program}\n{check}")
    assert loaded
    assert file.endswith("rfc3987_syntax/__init__.py")
