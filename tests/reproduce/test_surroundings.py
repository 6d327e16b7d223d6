"""Each variation really varies, in the kernel's own eyes."""

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_course.reproduce import surroundings
from mlops_course.reproduce.surroundings import HASH_SEEDS, Surroundings, find_tools, possible
from mlops_course.reproduce.variations import VARIATIONS

SETS = """male female|train test|a b|a b c|x y|x y z|Adelie Chinstrap Gentoo|Biscoe Dream Torgersen|
bill_length_mm bill_depth_mm|bill_length_mm bill_depth_mm flipper_length_mm|accuracy loss|red green|red green blue|
bill_length_mm bill_depth_mm flipper_length_mm body_mass_g|cat dog|cat dog bird|yes no|true false|apple banana|
apple banana cherry|alpha beta|alpha beta gamma|alpha beta gamma delta|one two|one two three|left right|low high|
low medium high|foo bar|foo bar baz|A B|A B C|spam ham|north south|north south east west|sex species|island species|
f1 f2|f0 f1 f2|x1 x2|x1 x2 x3|c0 c1 c2"""


def inside(code, *varied, tmp_path, frozen=False):
    """Run Python code in surroundings and return what it prints as JSON."""
    chosen = Surroundings(frozenset(varied), frozen_clock=frozen)
    folders = {name: tmp_path / path for name, path in chosen.paths("project").items()}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    environment = chosen.environment(find_tools(), folders)
    mask = chosen.umask()
    done = subprocess.run([sys.executable, "-c", f"import json\n{code}"], env=environment, cwd=folders["project"],
                          capture_output=True, text=True, umask=mask)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


LOOKS = {
    "hash-seed": "print(hash('penguin'))",
    "listing": "import os; [open(n, 'w') for n in 'abc']; print(json.dumps(os.listdir()))",
    "working-directory": "import os; print(json.dumps(os.getcwd()))",
    "temporary-directory": "import tempfile; print(json.dumps(tempfile.gettempdir()))",
    "home": "from pathlib import Path; print(json.dumps(str(Path.home())))",
    "user": "import getpass; print(json.dumps(getpass.getuser()))",
    "time-zone": "import time; print(json.dumps(list(time.localtime(0))))",
    "locale": "import locale; locale.setlocale(locale.LC_ALL, ''); print(json.dumps(sorted('aBcD', key=locale.strxfrm)))",
    "clock": "import datetime; print(json.dumps(str(datetime.date.today())))",
    "umask": "import os; print(os.umask(0))",
    "environment": "import os; print(json.dumps(os.environ.get('A_VARIABLE_OF_THE_CALLER')))",
    "threads": "import os; print(json.dumps(os.environ.get('OMP_NUM_THREADS')))",
}


@pytest.mark.parametrize(
    "name",
    [*sorted(LOOKS.keys() - {"locale"}), pytest.param("locale", marks=pytest.mark.needs("locale"))],
)
def test_a_variation_is_seen_and_its_absence_is_not(name, tmp_path, monkeypatch):
    monkeypatch.setenv("A_VARIABLE_OF_THE_CALLER", "1")
    first, again = (inside(LOOKS[name], tmp_path=tmp_path) for _ in range(2))
    assert first == again
    assert inside(LOOKS[name], name, tmp_path=tmp_path) != first


def test_every_variation_is_looked_at():
    assert set(LOOKS) | {"host", "file-times"} == set(VARIATIONS)


@pytest.mark.parametrize("varied", ["hash-seed", "user", "umask", "home"])
def test_nothing_else_changes_with_one_variation(varied, tmp_path):
    for looked in sorted(set(LOOKS) - {varied}):
        assert inside(LOOKS[looked], tmp_path=tmp_path) == inside(LOOKS[looked], varied, tmp_path=tmp_path), looked


@pytest.mark.parametrize("call", ["os.listdir('.')", "[e.name for e in os.scandir()]", "glob.glob('*')",
                                  "[p.name for p in pathlib.Path().iterdir()]", "[p.name for p in pathlib.Path().glob('*')]",
                                  "next(os.walk('.'))[2]"])  # fmt: skip
def test_every_way_to_list_a_folder_is_turned_round(call, tmp_path):
    code = f"import os, glob, pathlib; [open(n, 'w').close() for n in 'abcd']; print(json.dumps({call}))"
    straight = inside(code, tmp_path=tmp_path)
    assert straight == ["a", "b", "c", "d"]
    assert inside(code, "listing", tmp_path=tmp_path) == straight[::-1]


def test_folders_can_still_be_deleted_and_closed(tmp_path):
    code = (
        "import os, shutil\nos.makedirs('x/y/z'); open('x/y/f', 'w').close()\n"
        "with os.scandir('x') as scan: names = [entry.name for entry in scan]\n"
        "assert shutil.rmtree.avoids_symlink_attacks\nshutil.rmtree('x'); print(json.dumps([names, os.path.exists('x')]))"
    )
    assert inside(code, "listing", tmp_path=tmp_path) == [["y"], False]


def test_the_other_date_differs_in_every_field(tmp_path):
    code = "import time; print(json.dumps(list(time.localtime())[:7]))"
    here, there = inside(code, tmp_path=tmp_path), inside(code, "clock", tmp_path=tmp_path)
    assert all(one != other for one, other in zip(here[:5], there[:5], strict=True)), (here, there)
    assert here[6] != there[6], "the day of the week"


def test_waiting_works_under_another_date_and_under_a_frozen_one(tmp_path):
    code = (
        "import time, threading\nbegun, stamp = time.monotonic(), time.time()\ntime.sleep(0.2); threading.Event().wait(0.2)\n"
        "print(json.dumps([time.monotonic() - begun, time.time() - stamp]))"
    )
    waited, passed = inside(code, "clock", tmp_path=tmp_path)
    assert waited >= 0.4
    assert passed > 0
    waited, passed = inside(code, tmp_path=tmp_path, frozen=True)
    assert waited >= 0.4
    assert passed == 0


def test_the_callers_tools_do_not_reach_an_execution(tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "GIT_DIR", "DVC_ROOT", "JUPYTER_PATH", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "somewhere")
    seen = inside("import os; print(json.dumps(dict(os.environ)))", tmp_path=tmp_path)
    assert not [name for name in seen if name.startswith(("GIT_", "JUPYTER", "XDG_"))]
    assert "MLFLOW_TRACKING_URI" not in seen
    assert "DVC_ROOT" not in seen
    assert seen["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_the_hash_seeds_turn_most_small_sets_round():
    sets = [line.split() for line in SETS.replace("\n", "").split("|")]
    code = f"import json; print(json.dumps([list(set(s)) for s in {sets!r}]))"
    orders = []
    for seed in HASH_SEEDS:
        done = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        orders.append(json.loads(done.stdout))
    turned = sum(one != other for one, other in zip(*orders, strict=True))
    assert (turned, len(sets)) == (40, 42)


def test_threads_are_varied_on_request_only():
    assert "threads" not in possible(find_tools())
    assert "threads" in possible(find_tools(), requested=["threads"])


def test_what_cannot_be_varied_is_said(monkeypatch, forbidden_bubblewrap):
    monkeypatch.setenv("PATH", forbidden_bubblewrap)
    tools = find_tools.__wrapped__()
    assert tools.bubblewrap == ""
    assert set(tools.why_not) >= {"host", "locale"}
    assert not {"host", "locale"} & set(possible(tools))


def test_the_other_zone_has_another_day():
    name = surroundings.other_zone()
    code = "import datetime; print(datetime.datetime.now().strftime('%Y-%m-%d %H'))"
    there = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"TZ": name}, capture_output=True, text=True
    ).stdout
    here = datetime.datetime.now().strftime("%Y-%m-%d %H")
    assert there.split()[0] != here.split()[0]
    assert there.split()[1] != here.split()[1]


def test_the_shim_lets_another_sitecustomize_run(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import os\nos.environ['SEEN'] = 'yes'\n", encoding="utf-8")
    shim = Path(surroundings.SHIM)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(shim), str(tmp_path)]), "COURSE_LISTING": "reversed"}
    code = "import os; print(os.environ.get('SEEN'), os.listdir.__module__)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["yes", "sitecustomize"]
