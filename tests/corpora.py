"""Corpora that take long: a run tries some of their cases, drawn by lot, and all of them after a change.

`corpora.json` names the state in which all cases of a corpus were tried last. In the same state some are drawn, anew for
each run. After a change of what the corpus depends on, all are tried until that is noted: `python -m tests.corpora
NAME…`, when its tests have passed. `WHOLE_CORPORA=1` tries all in any case, as CI does at night.
"""

import hashlib
import json
import os
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTES = Path(__file__).with_suffix(".json")
LOT = os.environ.get("PYTEST_XDIST_TESTRUNUID", random.SystemRandom().random())  # the same in all workers

MATRIX = ("source/header.ipynb", "source/week-09/checks", "nbgrader_config.py", "env/requirements.txt")
# By name: how many cases are drawn, and what decides about what they show.
CORPORA = {
    "reproduce": (5, ("mlops_course/reproduce", "tests/reproduce/corpus", "env/requirements.txt")),
    "attacks-on-nbgrader": (15, ("tests/attacks", "env/requirements.txt")),
    "honest": (1, ("mlops_course/execution", "tests/honest", "env/requirements.txt")),
    **{
        notebook: (5, (f"source/week-09/{notebook}.ipynb", f"tests/answers/{notebook}", *MATRIX))
        for notebook in ("01_dvc_basics", "02_mlflow_tracking", "03_reproducibility_test", "04_conceptual_questions")
    },
}


def state(corpus, root=ROOT):
    """Name the state of what a corpus depends on."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for place in CORPORA[corpus][1]:
        path = root / place
        files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
        for file in files:
            name = file.relative_to(root)
            if not {"__pycache__", ".ipynb_checkpoints", "work"} & set(name.parts):
                digest.update(f"{name.as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def some(corpus, cases, *, root=ROOT, notes=NOTES, lot=LOT):
    """Choose which cases to try: all, or some if all were tried in this state."""
    cases = sorted(cases)
    noted = json.loads(notes.read_text(encoding="utf-8")).get(corpus)
    if "WHOLE_CORPORA" in os.environ or noted != state(corpus, root):
        return cases
    return sorted(random.Random(lot).sample(cases, min(CORPORA[corpus][0], len(cases))))


if __name__ == "__main__":
    known = json.loads(NOTES.read_text(encoding="utf-8"))
    known |= {corpus: state(corpus) for corpus in sys.argv[1:]}
    NOTES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
