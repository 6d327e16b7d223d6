"""Ways in that somebody found: what a student's kernel says of itself, sends, starts or leaves behind gains nothing."""

import sys
import time

import pytest

from tests.execution.test_boundary import holds, run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap is for Linux")

OWN_NAMES = (
    "import sys\nkernel = sys.modules['mlops_course.execution.boundary.answering'].Answering\nold = kernel.names\n"
    "def names(self, wanted, *, only_new=False):\n    return old(self, wanted, only_new=only_new) | more(self, only_new)\n"
    "kernel.names = names\n"
)


def test_a_name_that_was_not_asked_for_is_not_bound_and_what_ipython_binds_does_not_cross():
    source = OWN_NAMES + (
        "more = lambda self, only_new: {} if only_new else {f'_i{n}': [''] for n in range(1, 60)}\nimport re\n"
        "def square(n):\n    text = max((globals().get(f'_i{k}', '') for k in range(1, 60)), key=len)\n"
        "    return int(re.search(r'== (\\d+)', text)[1])"
    )
    found, _ = run(("answer", source), ("test", "# hidden, and long\nassert square(11) == 121"), names="square")
    assert "AttributeError" in found[0] or "TypeError" in found[0], found
    graders = OWN_NAMES + (
        "zero = lambda *a: 0\nmore = lambda self, only_new: {'abs': [self.refer(zero)], 'EXPECTED': [0]}\n"
        "def square(n):\n    return 0"
    )
    found, _ = run(
        ("locked", "EXPECTED = 9"),
        ("answer", graders),
        ("test", "assert abs(square(3) - 9) <= 1e-6"),
        ("test", "assert square(3) == EXPECTED"),
        names="square",
    )
    assert all(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "attack",
    [
        "import subprocess\nsubprocess.Popen(['sh', '-c', 'for i in $(seq 530); do sleep 100 & done; wait'])\ntime.sleep(8)",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(os.environ['COURSE_FORK'])\n"
        "d = b'[' * 200000\ns.sendall(len(d).to_bytes(8, 'big') + d)\ntime.sleep(1)",
        "import subprocess, sys\ndrip = '''import socket, os, time\ns = socket.socket(socket.AF_UNIX)\n"
        "s.connect(os.environ['COURSE_FORK'])\ns.sendall((10**9).to_bytes(8, 'big'))\n"
        "while True:\n    s.sendall(b'x')\n    time.sleep(0.5)'''\n"
        "subprocess.Popen([sys.executable, '-c', drip])\ntime.sleep(2)",
    ],
)
def test_the_driver_waits_for_no_keeper_without_end(attack):
    begun = time.monotonic()
    run(("answer", "import os, time\n" + attack), ("test", "assert 1"), seconds=15)
    assert time.monotonic() - begun < 40


def test_a_declared_class_answers_only_where_the_test_names_it():
    made = "class V:\n    __eq__ = lambda s, o: True\ndef square(n):\n    return V()"
    found, _ = run(
        ("answer", made),
        ("test", "assert square(3) == 9"),
        ("test", "assert V() == 9"),
        names="square V",
        declared="V",
    )
    assert found[0]
    assert found[1] == ""


def test_programs_of_a_test_take_nothing_of_the_students_for_a_tool():
    answer = (
        "import os, subprocess\nopen('dvc.py', 'w').write('print(\"forged\")')\n"
        "open('beside.py', 'w').write('print(\"beside\")')\nopen('mine.py', 'w').write('import beside')\n"
        "home = os.path.expanduser('~')\nos.makedirs(home + '/hooks')\nhook = home + '/hooks/post-checkout'\n"
        "open(hook, 'w').write('#!/bin/sh\\necho forged > forged.txt\\n"
        "(while :; do date +%N > tick; sleep 0.05; done) >/dev/null 2>&1 &\\n')\nos.chmod(hook, 0o755)\n"
        "open(home + '/.gitconfig', 'w').write(f'[core]\\nhooksPath = {home}/hooks\\n[user]\\nname = a\\nemail = a@b\\n')\n"
        "subprocess.run('git init -q r; cd r; git commit -q --allow-empty -m x', shell=True)"
    )
    test = (
        "import subprocess, sys, os\n"
        "done = subprocess.run([sys.executable, '-m', 'dvc', '--version'], capture_output=True, text=True)\n"
        "assert 'forged' not in done.stdout and done.returncode == 0, done\n"
        "for words in (['mine.py'], ['-m', 'mine']):\n"
        "    assert subprocess.check_output([sys.executable, *words], text=True) == 'beside\\n'\n"
        "subprocess.run(['git', 'clone', '-q', 'r', 'clone'], check=True)\nassert os.listdir('clone') == ['.git']"
    )
    assert holds(("answer", answer), ("test", test)) == []


def test_a_program_ends_with_its_test_and_the_next_one_has_its_own_exit_code():
    slow = "open('slow.py', 'w').write('import time, sys\\ntime.sleep(5)\\nopen(\"late\", \"w\")\\nsys.exit(0)')"
    found, _ = run(
        ("answer", slow),
        ("test", "import subprocess, sys\nsubprocess.run([sys.executable, 'slow.py'])"),
        (
            "test",
            "import subprocess, sys, os\ndone = subprocess.run([sys.executable, '-c', 'import time; time.sleep(2.5)\\nexit(5)'])\n"
            "assert done.returncode == 5 and not os.path.exists('late')",
        ),
        ("answer", "import time\ntime.sleep(2)"),
        ("test", "import os\nassert not os.path.exists('late')"),
        seconds=3,
    )
    assert "TimeoutError" in found[0] or "KeyboardInterrupt" in found[0], found
    assert found[1:] == ["", ""]


def test_an_error_that_the_test_does_not_name_skips_nothing():
    test = (
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(square(3), 9)\n"
        "suite = unittest.defaultTestLoader.loadTestsFromTestCase(T)\n"
        "assert unittest.TextTestRunner().run(suite).wasSuccessful()"
    )
    named = "import queue\ntry:\n    empty()\nexcept queue.Empty:\n    pass"
    found, _ = run(
        (
            "answer",
            "import unittest, queue\ndef square(n):\n    raise unittest.SkipTest('x')\ndef empty():\n    raise queue.Empty",
        ),
        ("test", test),
        ("test", named),
        names="square empty",
    )
    assert "AssertionError" in found[0]
    assert found[1] == ""


def test_a_call_leads_the_test_only_to_shared_folders():
    answer = (
        "import sys, os\nkernel = sys.modules['mlops_course.execution.boundary.answering'].Answering\n"
        "own = os.environ['COURSE_FORK'].replace('student/fork', 'tests/given')\n"
        "os.symlink(own, '/tmp/link')\nwent = ['/tmp/..' + own, '/tmp/link']\n"
        "kernel.went = lambda self, message: {'folder': went.pop()}\ndef f():\n    return 1"
    )
    test = "import os\nhere = os.getcwd()\nf()\nf()\nassert os.getcwd() == here, os.getcwd()"
    assert holds(("answer", answer), ("test", test), names="f") == []


def test_more_answers_than_calls_end_the_connection():
    answer = (
        "import sys\nwire = sys.modules['mlops_course.execution.boundary.wire']\nold = wire.send\n"
        "def send(connection, kind, message):\n    old(connection, kind, message)\n    old(connection, kind, message)\n"
        "wire.send = send\ndef f():\n    return 1"
    )
    found, _ = run(("answer", answer), ("test", "f()\nf()\nf()"), names="f")
    assert "StudentGoneError" in found[0] or "names cannot be read" in found[0]


def test_nothing_of_another_submission_is_in_memory():
    text = b"an essay of somebody else " * 3000
    run(("answer", "x = 1"), ("test", "assert x == 1"), names="x", files={"essay.txt": text})
    scan = (
        "import base64\nneedle = base64.b64encode(b'an essay of somebody else ')[:30]\nfound = 0\n"
        "for line in open('/proc/self/maps'):\n    a, b = (int(x, 16) for x in line.split()[0].split('-'))\n"
        "    if 'rw' in line and b - a < 300_000_000:\n        try:\n            file = open('/proc/self/mem', 'rb', 0)\n"
        "            file.seek(a)\n            found += file.read(b - a).count(needle)\n        except Exception:\n"
        "            pass"
    )
    assert holds(("answer", scan), ("test", "assert found < 5, found"), names="found") == []


def test_a_locked_helper_sees_what_a_name_means_now():
    assert (
        holds(
            ("answer", "total = 1"),
            ("locked", "def helper():\n    return total * 10"),
            ("test", "assert helper() == 10"),
            ("answer", "total = 2"),
            ("test", "assert helper() == 20"),
            names="total",
        )
        == []
    )


def test_an_object_that_a_test_ends_in_is_not_shown():
    assert holds(("answer", "class V:\n    pass\ndef make():\n    return V()"), ("test", "make()"), names="make") == []
