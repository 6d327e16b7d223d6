"""`setup.sh` sets up, repairs, and says in one line what it cannot do."""

import datetime
import http.server
import importlib.util
import os
import shutil
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

# A stand-in for requirements.txt that installs in seconds; the real one is what these tests run in.
SMALL = ("uv", "setuptools", "ipykernel")


def call(folder, *command, environment=None, path=None):
    """Call setup.sh as a user does, from another folder."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VIRTUAL_ENV", "PYTEST", "COURSE_PYTHON"))
    }
    variables["PATH"] = path if path is not None else outside_path()
    variables |= environment or {}
    bash = shutil.which("bash")
    script = str(folder / "env" / "setup.sh")
    return subprocess.run([bash, script, *command], env=variables, capture_output=True, text=True, cwd=folder.parent)


def outside_path():
    """PATH without the course's own environment, and with the Python that it was made from."""
    inside = str(Path(sys.prefix) / "bin")
    entries = [entry for entry in os.environ["PATH"].split(os.pathsep) if entry != inside]
    return os.pathsep.join([str(Path(sys.base_prefix) / "bin"), *entries])


@pytest.fixture
def bare(root, tmp_path):
    """A copy of what setup.sh needs, in a path with a space, with nothing set up."""
    folder = tmp_path / "a course"
    for name in ("env", "data"):
        shutil.copytree(root / name, folder / name)
    (folder / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    return folder


@pytest.fixture
def programs(tmp_path):
    """A PATH with the few programs that setup.sh calls, and nothing else."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("bash", "dirname", "git", "env", "sh"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def add_python(programs, name="python3", *, before=""):
    """Put a Python on the reduced PATH, optionally one that executes some code first."""
    real = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    startup = programs / f"startup-{name}"
    startup.mkdir()
    (startup / "sitecustomize.py").write_text(before, encoding="utf-8")
    script = programs / name
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{startup}" exec "{real}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)


@pytest.fixture
def untrusted_index(tmp_path):
    """A package index with a certificate that it made itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = Encoding.PEM
    (tmp_path / "index.pem").write_bytes(
        key.private_bytes(pem, PrivateFormat.TraditionalOpenSSL, NoEncryption()) + certificate.public_bytes(pem)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "index.pem")
    with http.server.ThreadingHTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_port}/simple"
        server.shutdown()


def one_line(done):
    """Check that a refusal is one line for people, and return it."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith(("setup: [", "setup:   ..."))]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_no_python(bare, programs):
    assert "no Python 3.11 or newer" in one_line(call(bare, path=str(programs)))


def test_a_python_that_is_too_old(bare, programs):
    add_python(programs, before="import sys\nsys.version_info = (3, 10, 9, 'final', 0)\n")
    assert "no Python 3.11 or newer" in one_line(call(bare, path=str(programs)))


def test_a_newer_python_beside_an_old_one_is_found(bare, programs):
    add_python(programs, before="import sys\nsys.version_info = (3, 10, 9, 'final', 0)\n")
    add_python(programs, "python3.12", before="import sys\nsys.modules['ensurepip'] = None\n")
    assert "no venv module" in one_line(call(bare, path=str(programs)))


def test_no_venv_module(bare, programs):
    add_python(programs, before="import sys\nsys.modules['ensurepip'] = None\n")
    line = one_line(call(bare, path=str(programs)))
    assert "no venv module" in line
    assert f"apt install python{sys.version_info.major}.{sys.version_info.minor}-venv" in line


def test_no_git(bare, programs):
    add_python(programs)
    (programs / "git").unlink()
    assert "Git was not found" in one_line(call(bare, path=str(programs)))


def test_no_network(bare, programs):
    add_python(programs)
    nowhere = "http://127.0.0.1:9/simple"
    environment = {"PIP_INDEX_URL": nowhere, "UV_DEFAULT_INDEX": nowhere, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "",
                   "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}  # fmt: skip
    line = one_line(call(bare, "true", path=str(programs), environment=environment))
    assert "the package index cannot be reached" in line
    assert "run this again" in line


def test_an_index_whose_certificate_is_not_trusted(bare, programs, untrusted_index):
    """As behind a proxy that inspects connections: "connect to a network" would be wrong advice."""
    add_python(programs)
    environment = {"PIP_INDEX_URL": untrusted_index, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "",
                   "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}  # fmt: skip
    line = one_line(call(bare, "true", path=str(programs), environment=environment))
    assert "certificate is not trusted" in line
    assert "SSL_CERT_FILE" in line


def test_uv_that_does_not_trust_the_index_is_understood(root):
    specification = importlib.util.spec_from_file_location("course_setup", root / "env" / "setup.py")
    setup = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(setup)
    explain = setup.explain
    said = "Failed to fetch\n  cause: error sending request for url\n  cause: invalid peer certificate: UnknownIssuer\n"
    assert "certificate is not trusted" in explain(said, "downloading packages")
    assert "cannot be reached" in explain(said.replace("invalid peer certificate", "dns error"), "downloading packages")


def test_a_command_that_does_not_exist(root):
    done = call(root, "no-such-command-here")
    assert done.returncode == 127
    assert "no command 'no-such-command-here'" in one_line(done)


def test_a_second_call_changes_nothing_and_runs_the_command_in_the_environment(root):
    before = (root / ".venv" / "course-setup").stat().st_mtime_ns
    done = call(
        root,
        "python",
        "-c",
        "import sys, shutil; print(sys.prefix, shutil.which('dvc'), sep='|')",
    )
    assert done.returncode == 0, done.stderr
    venv = root / ".venv"
    assert done.stdout.strip().split("|") == [str(venv), str(venv / "bin" / "dvc")]
    assert done.stderr == ""
    assert (root / ".venv" / "course-setup").stat().st_mtime_ns == before


def test_without_a_command_it_says_what_to_do_next(root):
    done = call(root)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert "jupyter lab" in done.stdout
    assert "pytest" in done.stdout


def test_arguments_arrive_unchanged(root):
    done = call(root, "python", "-c", "import sys; print(sys.argv[1:])", "two words", "*", "$HOME")
    assert done.stdout.strip() == "['two words', '*', '$HOME']"


def test_the_exit_code_is_the_command_s(root):
    assert call(root, "python", "-c", "raise SystemExit(7)").returncode == 7


def test_telemetry_is_off_whoever_starts_a_program(root):
    """In a kernel that another editor started, too, and in a terminal that entered the environment."""
    names = ("MLFLOW_DISABLE_TELEMETRY", "DVC_NO_ANALYTICS", "DO_NOT_TRACK")
    code = f"import os; print([os.environ.get(name) for name in {names}])"
    start = f'. "{root}/.venv/bin/activate" && python -c "{code}"'
    done = subprocess.run(["sh", "-c", start], env={"PATH": outside_path()}, capture_output=True, text=True)
    assert done.stdout.strip() == "['true', '1', '1']", done.stderr


def test_the_kernel_finds_the_environment_s_programs(root):
    import json

    spec = json.loads((root / ".venv/share/jupyter/kernels/python3/kernel.json").read_text(encoding="utf-8"))
    assert spec["env"]["PATH"].startswith(str(root / ".venv" / "bin"))
    settings = json.loads((root / ".venv/share/jupyter/lab/settings/overrides.json").read_text(encoding="utf-8"))
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


@pytest.fixture
def small(bare, root):
    """A course whose environment installs in seconds."""
    from packaging.utils import canonicalize_name

    lines = (root / "env" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = closure(SMALL)
    pinned = [line.rstrip(" \\") for line in lines if "==" in line and not line.startswith((" ", "#"))]
    kept = [line for line in pinned if canonicalize_name(line.split("==")[0]) in wanted]
    (bare / "env" / "requirements.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (bare / "mlops_course").mkdir()
    (bare / "mlops_course" / "__init__.py").write_text("", encoding="utf-8")
    shutil.copyfile(root / "data" / "penguins.csv", bare / "data" / "penguins.csv")
    return bare


def closure(names):
    """All packages that some packages need, by what is installed here."""
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found, waiting = set(), list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        found.add(name)
        waiting += [
            one.name for one in map(Requirement, needed) if not one.marker or one.marker.evaluate({"extra": ""})
        ]
    return found


@pytest.mark.slow
def test_a_whole_life(small):
    """Set up; change the list; break the environment as a kill would; each time the next call mends it."""
    python = str(small / ".venv" / "bin" / "python")
    has = [python, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"]
    first = call(small, "true")
    assert first.returncode == 0, first.stderr + (small / ".setup.log").read_text(encoding="utf-8")
    assert "[1/4]" in first.stderr
    assert "[2/4]" in first.stderr
    assert subprocess.run([*has, "ipykernel"]).returncode == 0

    requirements = small / "env" / "requirements.txt"
    requirements.write_text(requirements.read_text(encoding="utf-8") + "iniconfig\n", encoding="utf-8")
    assert "[2/4]" in call(small, "true").stderr
    assert subprocess.run([*has, "iniconfig"]).returncode == 0
    assert call(small, "true").stderr == ""

    # What a kill in the middle of an installation leaves: packages without their files, and no stamp.
    (small / ".venv" / "course-setup").unlink()
    site = next((small / ".venv" / "lib").glob("python3*/site-packages"))
    shutil.rmtree(site / "ipykernel")
    mended = call(small, "true")
    assert "building it again" in mended.stderr
    assert mended.returncode == 0
    assert subprocess.run([*has, "ipykernel"]).returncode == 0


@pytest.mark.slow
def test_two_calls_at_once_make_one_environment(small):
    """A student starts JupyterLab and the tests in two terminals, on the first day."""
    with ThreadPoolExecutor(2) as pool:
        both = [
            one.result() for one in [pool.submit(call, small, "python", "-c", "import ipykernel") for _ in range(2)]
        ]
    assert [done.returncode for done in both] == [0, 0], [done.stderr for done in both]
    assert sorted("[2/4]" in done.stderr for done in both) == [False, True]
