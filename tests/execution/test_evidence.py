"""Tamper evidence: attacks are found out or have no effect; honest work is the same with it as without."""

from __future__ import annotations

import ast
import json
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from course.execution import evidence
from course.execution.guard_key import sign
from course.execution.guard_tree import Instrument, bound_names, free_names, parse
from tests.execution.evidence_attacks import ATTACKS, Attack
from tests.execution.evidence_cases import Cell, Kernels, Outcome
from tests.execution.evidence_honest import HONEST

SOURCE = Path(__file__).resolve().parents[2] / "source"
SMALL = "numpy,numpy.testing,pandas,pandas.testing,unittest.mock,sqlite3,statistics,doctest"
LARGE = "mlflow,mlflow.sklearn,sklearn.linear_model,sklearn.pipeline,pandas,matplotlib.pyplot"


@pytest.fixture(scope="module")
def small_kernels():
    kernels = Kernels(SMALL)
    yield kernels
    kernels.close()


@pytest.fixture
def kernels(small_kernels, request):
    """Kernels that are started again for the next test if this one has ended the program."""
    if small_kernels.process.poll() is not None:
        small_kernels.__init__(SMALL)
    return small_kernels


def plain(outcomes: list[Outcome]) -> list[tuple]:
    """What of a notebook must not differ."""

    def without_addresses(outputs: list[dict]) -> str:
        text = json.dumps(outputs, sort_keys=True)
        text = re.sub(r"0x[0-9a-f]{6,}|evidence_\w+|ipykernel_\d+", "…", text)
        return re.sub(r'In\s*\[\d+\]|"execution_count": \d+', "…", text)

    return [
        (outcome.reply and outcome.reply["status"], outcome.points, without_addresses(outcome.outputs))
        for outcome in outcomes
    ]


def cells_of(attack: Attack) -> list[Cell]:
    before = [Cell(attack.locked, "locked")] if attack.locked else []
    return [*before, Cell(attack.student), Cell(attack.graded, "graded", attack.expected)]


# ---------------------------------------------------------------- Attacks


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_found_out_or_has_no_effect(kernels, name):
    attack = ATTACKS[name]
    files = dict(attack.files)
    stock = kernels.run(cells_of(attack), guarded=False, files=files)[-1]
    assert stock.points >= 1, "the attack does nothing even where nobody looks"

    graded = kernels.run(cells_of(attack), files=files)[-1]
    shown_first = evidence.failed_with_points(graded.reply, graded.outputs)
    assert graded.points == 0 or graded.reasons or shown_first
    if attack.seen:
        assert graded.reasons or graded.findings or shown_first


def test_students_version_comes_back_after_the_test(kernels):
    cells = [
        Cell("import statistics\nstatistics.mean = lambda values: 'mine'\nall = bool"),
        Cell("import statistics\nassert statistics.mean([1]) == 1\nassert not all([False])", "graded"),
        Cell("assert statistics.mean([1]) == 'mine'\nassert all([False])"),
    ]
    outcomes = kernels.run(cells)
    assert [outcome.points for outcome in outcomes] == [1, 1, 1]
    assert [kind for kind, _ in outcomes[1].findings] == ["tampered", "note"]
    assert outcomes[1].reasons == []


def test_students_version_comes_back_after_two_tests_in_a_row(kernels):
    """Nothing is sent between them, and in the first one the student's code replaces the library once more."""
    cells = [
        Cell("import statistics\nstatistics.mean = lambda values: 'mine'"),
        Cell("def answer():\n    statistics.mean = lambda values: 'again'\n    return 42"),
        Cell("import statistics\nassert statistics.mean([1]) == 1\nassert answer() == 42", "graded"),
        Cell("import statistics\nassert statistics.mean([1]) == 1", "graded"),
        Cell("assert statistics.mean([1]) == 'again'"),
        Cell("import statistics\nassert statistics.mean([1]) == 1", "graded"),
        Cell("assert statistics.mean([1]) == 'again'"),
    ]
    outcomes = kernels.run(cells)
    assert [outcome.points for outcome in outcomes] == [1] * 7
    assert [len(outcome.reasons) for outcome in outcomes] == [0, 0, 2, 0, 0, 0, 0]
    assert all("replaced" in reason for reason in outcomes[2].reasons)
    assert [[kind for kind, _ in outcomes[place].findings] for place in (2, 3, 5)] == [["tampered"]] * 3


def test_module_whose_place_is_taken_after_a_test_has_found_all_in_order(kernels):
    test = Cell("import statistics\nassert statistics.mean([1]) == 1", "graded")
    take = "import sys, types\nsys.modules['statistics'] = types.SimpleNamespace(mean=lambda values: 'mine')"
    mine = Cell("import statistics\nassert statistics.mean([1]) == 'mine'")
    outcomes = kernels.run([test, test, Cell(take), mine, test, mine])
    assert [outcome.points for outcome in outcomes] == [1] * 6
    assert [[kind for kind, _ in outcomes[place].findings] for place in (0, 1, 4)] == [[], [], ["tampered"]]


def test_other_cells_are_not_touched(kernels):
    cells = [
        Cell("import math\nmath.isclose = lambda *a: True"),
        Cell("import math\nassert not math.isclose(1, 2)", "graded"),
        Cell("assert 2 + 2 == 4", "graded"),
    ]
    assert [(outcome.points, outcome.reasons) for outcome in kernels.run(cells)[1:]] == [(1, []), (1, [])]


# ---------------------------------------------------------------- Honest work


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_is_the_same(kernels, name):
    without, outcomes = kernels.run(HONEST[name], guarded=False), kernels.run(HONEST[name])
    assert plain(outcomes) == plain(without)
    for outcome in outcomes:
        assert outcome.reasons == []
        assert all(kind == "note" for kind, _ in outcome.findings)


def test_comparison_of_outcomes_notices_a_difference(kernels):
    one = kernels.run([Cell("print(1)"), Cell("assert 1 == 2", "graded")])
    assert plain(one) == plain(kernels.run([Cell("print(1)"), Cell("assert 1 == 2", "graded")]))
    assert plain(one) != plain(kernels.run([Cell("print(2)"), Cell("assert 1 == 2", "graded")]))
    assert plain(one) != plain(kernels.run([Cell("print(1)"), Cell("assert 1 == 2, ''", "graded")]))


@pytest.mark.slow
def test_libraries_that_patch_libraries_are_not_accused(tmp_path):
    kernels = Kernels(LARGE)
    try:
        cells = [
            Cell(
                "import matplotlib\nmatplotlib.use('agg')\nimport mlflow, logging, warnings\n"
                "logging.disable(logging.CRITICAL)\nwarnings.filterwarnings('ignore')\n"
                "mlflow.set_tracking_uri('sqlite:///mlflow.db')\nmlflow.autolog(log_models=False, silent=True)\n"
                "from sklearn.linear_model import LogisticRegression\nimport matplotlib.pyplot as plt\n"
                "def fit():\n    return LogisticRegression().fit([[0], [1], [2], [3]], [0, 0, 1, 1])\nplt.plot([1, 2])"
            ),
            Cell(
                "import mlflow\nmodel = fit()\nassert model.predict([[5]])[0] == 1\n"
                "assert len(mlflow.MlflowClient().search_runs(['0'])) == 1",
                "graded",
                ("fit",),
            ),
            Cell("mlflow.autolog(disable=True)\nimport pandas as pd\npd.DataFrame({'a': [1]}).plot()"),
            Cell("model = fit()\nassert list(model.classes_) == [0, 1]", "graded", ("fit",)),
        ]
        folders = [tmp_path / "without", tmp_path / "with"]
        for folder in folders:
            folder.mkdir()
        without = kernels.run(cells, guarded=False, folder=str(folders[0]))
        outcomes = kernels.run(cells, folder=str(folders[1]))
    finally:
        kernels.close()
    assert [outcome.points for outcome in outcomes] == [outcome.points for outcome in without] == [1, 1, 1, 1]
    assert [(outcome.reasons, outcome.findings) for outcome in outcomes] == [([], [])] * 4


def week_09() -> list[tuple[str, str]]:
    found = []
    for path in sorted((SOURCE / "week-09").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("locked"):
                found.append((cell["metadata"]["nbgrader"]["grade_id"], "".join(cell["source"])))
    return found


@pytest.mark.parametrize(("name", "source"), week_09(), ids=[name for name, _ in week_09()])
def test_every_locked_cell_of_the_course_takes_notes(name, source):
    text = TransformerManager().transform_cell(source)
    tree = parse(text)
    asserts = sum(isinstance(node, ast.Assert) for node in ast.walk(tree))
    plan = Instrument("_note", "_see", "_mark", lambda: random.getrandbits(60), frozenset()).instrument(tree)
    compile(plan.tree, "<cell>", "exec")
    assert plan.assertions == asserts
    assert plan.statements == len(parse(text).body)
    assert free_names(text) <= set(dir(__builtins__)) | set(__builtins__) | free_names(text)


def notebook_cells(path: Path) -> list[Cell]:
    """Read a notebook with the instructor's solutions."""
    header = json.loads((SOURCE / "header.ipynb").read_text(encoding="utf-8"))["cells"]
    cells = [
        cell for cell in header + json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"
    ]
    found, expected = [], set()
    for cell in cells:
        source = "".join(cell["source"]).replace('STUDENT_ID = ""', 'STUDENT_ID = "ana"')
        ours = cell["metadata"].get("nbgrader", {})
        kind = "student" if not ours.get("locked") else "graded" if ours.get("grade") else "locked"
        if kind == "student":
            expected |= bound_names(parse(TransformerManager().transform_cell(source)))
        found.append((source, kind))
    return [Cell(source, kind, tuple(sorted(expected))) for source, kind in found]


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((SOURCE / "week-09").glob("0*.ipynb")), ids=lambda path: path.stem)
def test_the_courses_solutions_are_not_accused(path, tmp_path):
    kernels = Kernels(LARGE + ",dvc.api,dvc.repo,dvc.fs,joblib")
    try:
        runs = {}
        for is_guarded in (False, True):
            folder = tmp_path / str(is_guarded)
            shutil.copytree(SOURCE / "week-09", folder)
            runs[is_guarded] = kernels.run(notebook_cells(path), guarded=is_guarded, folder=str(folder))
    finally:
        kernels.close()
    assert [one.points for one in runs[True]] == [one.points for one in runs[False]]
    assert [(one.reasons, one.findings) for one in runs[True]] == [([], [])] * len(runs[True])


# ---------------------------------------------------------------- The judge


def answer(probe: evidence.Probe, **changes) -> dict:
    """Make the reply of a guard to which all went well, but for the changes."""
    values = {
        "nonce": probe.secret["nonces"][0],
        "prepared": True,
        "statements": 2,
        "done": 2,
        "in_order": True,
        "nodes": 3,
        "executed": 3,
        "canary": True,
        "ends_in_value": False,
        "shown": None,
        "problems": [],
    } | changes
    text = json.dumps(values)
    plain = json.dumps({"text": text, "signature": sign(bytes.fromhex(probe.secret["key"]), text)})
    return {"status": "ok", "user_expressions": {"evidence": {"status": "ok", "data": {"text/plain": plain}}}}


@pytest.fixture
def probe():
    return evidence.prepare("token", "assert 1\nassert 2")


def test_judge_believes_a_proof(probe):
    assert evidence.judge(probe, answer(probe)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"done": 1},
        {"in_order": False},
        {"executed": 2},
        {"canary": False},
        {"problems": ["an assertion was jumped over"]},
        {"nonce": "another"},
    ],
)
def test_judge_does_not_believe_without(probe, changes):
    assert evidence.judge(probe, answer(probe, **changes))


@pytest.mark.parametrize(
    "reply",
    [
        {"status": "ok"},
        {"status": "ok", "user_expressions": {}},
        {"status": "ok", "user_expressions": {"evidence": {"data": {"text/plain": "fine"}}}},
        {"status": "ok", "user_expressions": {"evidence": {"data": {"text/plain": '{"text": 3, "signature": ""}'}}}},
        {
            "status": "ok",
            "user_expressions": {"evidence": {"data": {"text/plain": '{"text": "{}", "signature": "é"}'}}},
        },
        {"status": "ok", "user_expressions": [1]},
    ],
)
def test_judge_does_not_believe_a_forgery(probe, reply):
    assert evidence.judge(probe, reply)


def test_judge_does_not_believe_another_kernel(probe):
    other = evidence.prepare("another token", "assert 1\nassert 2")
    assert evidence.judge(probe, answer(other))


def test_judge_leaves_failures_alone(probe):
    assert evidence.judge(probe, {"status": "error"}) == []
    assert evidence.judge(probe, None) == []
    assert evidence.judge(probe, {"status": "ok"}, [{"output_type": "error"}]) == []


@pytest.mark.parametrize(
    ("report", "texts", "is_believed"),
    [
        ({"ends_in_value": True, "shown": "0.5"}, ["0.5"], True),
        ({"ends_in_value": True, "shown": "0.3333333333333333"}, ["0.33"], True),
        ({"ends_in_value": True, "shown": "0.5"}, ["1.0"], False),
        ({"ends_in_value": True, "shown": "0.5"}, ["full"], False),
        ({"ends_in_value": True, "shown": "0.5"}, ["0.5", "0.5"], False),
        ({"ends_in_value": True, "shown": None}, ["a table"], True),
        ({"ends_in_value": False}, ["1.0"], False),
        ({"ends_in_value": False}, [], True),
    ],
)
def test_judge_of_partial_credit(probe, report, texts, is_believed):
    outputs = [{"output_type": "execute_result", "data": {"text/plain": text}} for text in texts]
    assert (evidence.judge(probe, answer(probe, **report), outputs) == []) is is_believed


def test_orders_are_obeyed_once_and_only_if_signed(kernels):
    probe = evidence.prepare("0123456789abcdef", "assert 1")
    forged = evidence.prepare("guessed", "assert 1")
    (order, name), (other_order, other) = probe.setup.values(), forged.setup.values()
    look = Cell(f"import builtins\nprint({name!r} in vars(builtins), {other!r} in vars(builtins))")
    take = Cell(f"import builtins\ndel builtins.{name}")
    orders = [Cell(order), Cell("assert 1"), look, take, Cell(order), look, Cell(other_order), look]
    outcomes = kernels.run(orders)
    said = [outcome.outputs[0]["text"].split() for outcome in outcomes if outcome.outputs]
    assert said == [["True", "False"], ["False", "False"], ["False", "False"]]


# ---------------------------------------------------------------- Controls


def test_controls():
    (failing, _, check_failing), (succeeding, expressions, check_sum) = evidence.control_cells(random.Random(1))
    assert failing.startswith("raise")
    assert succeeding == "None"
    value = str(eval(expressions["sum"]))
    good = {"status": "ok", "user_expressions": {"sum": {"data": {"text/plain": value}}}}
    assert evidence.judge_control(check_failing, {"status": "error", "evalue": check_failing["error"]}) == []
    assert evidence.judge_control(check_failing, {"status": "ok"})
    assert evidence.judge_control(check_failing, {"status": "error", "evalue": "another"})
    assert evidence.judge_control(check_failing, None)
    assert evidence.judge_control(check_sum, good) == []
    assert evidence.judge_control(check_sum, {"status": "ok", "user_expressions": {}})


# ---------------------------------------------------------------- Cells that need no student


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("import json\nassert json.loads('1') == 1", True),
        (
            "from pathlib import Path\n\ndef check():\n    text = Path('a').read_text()\n    assert text\n\n_checked = check()",
            True,
        ),
        ("from builtins import *\nassert len([1]) == 1", True),
        ("import os\nclass Case:\n    value = os.sep\nassert Case.value", True),
        ("import os\n[os.sep for _ in range(2)]", True),
        ("assert square(2) == 4", False),
        ("def check():\n    return square(2)\ncheck()", False),
        ("import json\nassert globals()['x']", False),
        ("def check():\n    assert str(globals().get('STUDENT_ID'))\ncheck()", False),
        ("x = !ls\nassert x", False),
        ("!ls", False),
        ("%time 1", False),
        ("%%bash\nls", False),
        ("get_ipython().history_manager", False),
        ("assert In[1]", False),
        ("from helpers import *\nassert f()", False),
        ("assert (", False),
        ("assert len([1]) == 1", True),
    ],
)
def test_needs_no_student(source, answer):
    assert evidence.needs_no_student(source) is answer


def test_needs_the_student_who_has_taken_a_name_of_python():
    assert not evidence.needs_no_student("assert len([1]) == 1", bound_elsewhere=["len"])
    assert evidence.needs_no_student("from builtins import *\nassert len([1]) == 1", bound_elsewhere=["len"])


# ---------------------------------------------------------------- Names


def test_names_of_a_cell():
    source = "import a.b, c as d\nfrom e import f as g\nfor h in i:\n    j: int = 1\ndef k(l):\n    m = n\n    global o\n    o = 1\nwith p as q: pass\n[r for r in s]\nlambda t: u"
    assert {"a", "d", "g", "h", "j", "k", "q"} <= bound_names(parse(source))
    assert not {"c", "e", "f", "l", "m", "n", "t"} & bound_names(parse(source))
    assert {"i", "n", "p", "s", "u"} <= free_names(source)
    assert not {"l", "m", "t"} & free_names(source)


# ---------------------------------------------------------------- A kernel in a process of its own


class RealKernel:
    """A kernel as it is used for grading, with sockets and threads."""

    def __init__(self, folder: Path) -> None:
        connection, _ = write_connection_file(str(folder / "connection.json"))
        program = Path(__file__).with_name("evidence_real_kernel.py")
        self.process = subprocess.Popen([sys.executable, str(program), connection, "token"], cwd=folder)
        self.client = BlockingKernelClient(connection_file=connection)
        self.client.load_connection_file()
        self.client.start_channels()
        # The client takes a kernel that has not begun yet for a dead one.
        until = time.monotonic() + 60
        while True:
            try:
                self.client.wait_for_ready(timeout=60)
                break
            except RuntimeError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise

    def execute(self, code: str, expressions: dict[str, str] | None = None, silent: bool = False) -> dict:
        outputs: list[dict] = []
        reply = self.client.execute_interactive(
            code,
            silent=silent,
            store_history=not silent,
            user_expressions=expressions or {},
            stop_on_error=False,
            output_hook=lambda message: outputs.append({"output_type": message["msg_type"], **message["content"]}),
            timeout=60,
        )
        return {"reply": reply["content"], "outputs": [one for one in outputs if one["output_type"] != "status"]}

    def grade(self, source: str) -> tuple[str, list[str], list[tuple[str, str]]]:
        probe = evidence.prepare("token", source, expected_names=["solve"])
        ready = self.execute("", probe.setup, silent=True)["reply"]
        cell = self.execute(source, probe.expressions)
        ended = self.execute("", probe.teardown, silent=True)["reply"]
        assert ended["status"] == "error" or evidence.read(probe, ended, 1) or evidence.findings(probe, ready)
        reasons = evidence.judge(probe, cell["reply"], cell["outputs"], ready)
        return cell["reply"]["status"], reasons, evidence.findings(probe, ready)

    def close(self) -> None:
        self.client.stop_channels()
        self.process.kill()
        self.process.wait()


def test_a_real_kernel(tmp_path):
    kernel = RealKernel(tmp_path)
    try:
        kernel.execute("async def solve(n):\n    return n * n")
        assert kernel.grade("assert await solve(2) == 4\nprint('fine')") == ("ok", [], [])
        assert kernel.grade("assert await solve(2) == 5") == ("error", [], [])
        kernel.execute("def solve(n):\n    return 'wrong'")
        assert kernel.grade("assert solve(2) == 4")[:2] == ("error", [])
        for code, expressions, check in evidence.control_cells():
            assert evidence.judge_control(check, kernel.execute(code, expressions, silent=True)["reply"]) == []
        kernel.execute(ATTACKS["run_code"].student)
        status, reasons, found = kernel.grade("assert solve(2) == 4")
        assert (status, reasons) == ("error", [])
        assert [kind for kind, _ in found] == ["tampered"]
        kernel.execute(ATTACKS["do_execute"].student)
        status, reasons, found = kernel.grade("assert solve(2) == 4")
        assert status == "ok"
        assert reasons
        assert found
    finally:
        kernel.close()
