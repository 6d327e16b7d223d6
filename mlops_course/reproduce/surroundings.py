"""Say what differs between two executions, and build the surroundings of each.

The first execution is close to what the user has; the second differs in everything that must not matter, after the
example of Debian's reprotest, which builds a package twice and changes path, time zone, locale, user, order of files
and more in between (https://salsa.debian.org/reproducible-builds/reprotest).
"""

from __future__ import annotations

import datetime
import functools
import locale
import os
import shutil
import subprocess
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mlops_course.execution.bubblewrap import find_bubblewrap
from mlops_course.execution.bubblewrap import why_not as why_not_bubblewrap
from mlops_course.reproduce.project import clean_environment
from mlops_course.reproduce.variations import ON_REQUEST, VARIATIONS

# The second environment is emptied but for what programs need in order to start at all.
ESSENTIAL = frozenset({"PATH", "VIRTUAL_ENV", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT",
                       "PROGRAMDATA", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE",
                       "PYTHONUTF8", "PYTHONPATH",
                       "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"})  # fmt: skip
ESSENTIAL_PREFIXES = ("LC_", "DYLD_", "CONDA_", "SSL_", "CUDA_", "NVIDIA_", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_",
                      "VECLIB_", "BLIS_")  # fmt: skip

# What of the caller's environment no execution sees: it names places that belong to the caller.
PRIVATE = ("XDG_", "JUPYTER", "JPY_", "IPYTHON", "PYTHONHASHSEED", "PYTHONSTARTUP", "PAPERMILL_",
           "COURSE_LISTING", "COURSE_CLOCK", "PWD", "OLDPWD", "PYTHONSAFEPATH")  # fmt: skip

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
                    "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")  # fmt: skip

# Two elements of a set keep their order under every second hash seed. Of all pairs below 400 this one turns round the
# most of the small sets that programs are full of: 40 of 42 tried (tests/reproduce/test_surroundings.py lists them).
HASH_SEEDS = ("85", "296")

SHIM = Path(__file__).with_name("shim")


def essential(variables: dict[str, str]) -> dict[str, str]:
    """Choose the variables without which programs do not start."""
    return {name: value for name, value in variables.items()
            if name in ESSENTIAL or name.startswith(ESSENTIAL_PREFIXES)}  # fmt: skip


@dataclass(frozen=True)
class Tools:
    """What this computer offers for varying and isolating."""

    bubblewrap: str  # path of a working `bwrap`, empty where there is none
    locale: str  # name of an installed locale that sorts unlike the caller's, empty where there is none
    why_not: dict[str, str]  # variation name → why it cannot be made here


@functools.cache
def find_tools() -> Tools:
    """Look for the tools, once in a process."""
    refused, other = why_not_bubblewrap(), find_locale()
    why_not = {}
    if not other:
        why_not["locale"] = "no second language is installed (locale -a lists them; Debian: apt install locales-all)"
    if refused:
        why_not["host"] = refused
    if os.name == "nt":
        why_not |= {"umask": "Windows has none", "time-zone": "Windows does not read TZ"}
    return Tools("" if refused else find_bubblewrap(), other, why_not)


def find_locale() -> str:
    """Find an installed locale that sorts `a B` differently from the caller's locale."""
    if not shutil.which("locale"):
        return ""
    answer = subprocess.run(["locale", "-a"], capture_output=True, text=True, errors="replace", check=False)
    listed = answer.stdout.split()
    here = sorts_by_language(os.environ.get("LC_ALL") or os.environ.get("LC_COLLATE") or os.environ.get("LANG") or "C")
    plain = [name for name in listed if name.lower() in {"c.utf8", "c.utf-8"}] + ["C"]
    languages = [name for name in listed if name.lower().endswith((".utf8", ".utf-8")) and name not in plain]
    # German first: it also writes 3,14 where English writes 3.14.
    languages.sort(key=lambda name: (not name.startswith("de_"), name.startswith("en_"), name))
    return next((name for name in (plain if here else languages) if sorts_by_language(name) != here), "")


def sorts_by_language(name: str) -> bool:
    """Tell whether a locale puts `a` before `B`; the C locale puts all capitals first."""
    before = locale.setlocale(locale.LC_COLLATE)
    try:
        locale.setlocale(locale.LC_COLLATE, name)
        return locale.strxfrm("a") < locale.strxfrm("B")
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_COLLATE, before)


def possible(tools: Tools, *, requested: Iterable[str] = ()) -> list[str]:
    """List the variations that can be made here, in the order in which a cause is searched."""
    wanted = set(requested)
    return [name for name in VARIATIONS if name not in tools.why_not and (name not in ON_REQUEST or name in wanted)]


@dataclass(frozen=True)
class Surroundings:
    """Everything around one execution."""

    varied: frozenset[str] = frozenset()  # names of the variations in force; all others are as in the first execution
    frozen_clock: bool = False  # whether time stands still (used to tell the clock from other randomness)

    def other(self, name: str) -> bool:
        """Tell whether one thing differs from the first execution."""
        return name in self.varied

    def paths(self, project_name: str) -> dict[str, str]:
        """Name the folders of the execution, as the notebook sees them below its private root."""
        longer = "another/and/considerably/longer/path/to"
        return {
            "project": f"{longer}/the-{project_name}" if self.other("working-directory") else f"first/{project_name}",
            "home": "homes/of-somebody-else" if self.other("home") else "home",
            "temporary": "quite-another-place/for/temporary/files"
            if self.other("temporary-directory")
            else "temporary",
        }

    def environment(self, tools: Tools, folders: dict[str, Path]) -> dict[str, str]:
        """Build the environment variables of the execution; `folders` are as the notebook sees them."""
        caller = {name: value for name, value in clean_environment().items() if not name.startswith(PRIVATE)}
        if self.other("environment"):
            caller = essential(caller)
            caller["COURSE_VARIED_THIS"] = "an environment variable that must not matter"
        home, temporary = str(folders["home"]), str(folders["temporary"])
        variables = caller | {"HOME": home, "TMPDIR": temporary, "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1",
                              "MLFLOW_DISABLE_TELEMETRY": "true",
                              "DVC_SITE_CACHE_DIR": str(folders["temporary"].parent / "dvc-site-cache"),
                              "PYTHONHASHSEED": HASH_SEEDS[self.other("hash-seed")]}  # fmt: skip
        if os.name == "nt":
            variables |= {
                "USERPROFILE": home,
                "TEMP": temporary,
                "TMP": temporary,
                "APPDATA": home,
                "LOCALAPPDATA": home,
            }
        user = "someone-else" if self.other("user") else first_user()
        variables |= dict.fromkeys(("USER", "LOGNAME", "USERNAME"), user)
        variables |= self.listing_order(caller.get("PYTHONPATH", ""))
        if self.other("time-zone"):
            variables["TZ"] = other_zone()
        if self.other("locale"):
            variables |= {"LANG": tools.locale, "LC_ALL": tools.locale}
            variables.pop("LANGUAGE", None)
        if self.other("threads"):
            variables |= dict.fromkeys(THREAD_VARIABLES, other_thread_count())
        return variables | self.clock()

    def listing_order(self, path: str) -> dict[str, str]:
        """Load the shim that orders directory listings in every Python process."""
        order = "reversed" if self.other("listing") else "sorted"
        return {"PYTHONPATH": os.pathsep.join(filter(None, [str(SHIM), path])), "COURSE_LISTING": order}

    def clock(self) -> dict[str, str]:
        """Show the Python processes of the execution another date, or one that stands still."""
        if not (self.other("clock") or self.frozen_clock):
            return {}
        moment = other_moment().isoformat()
        return {"COURSE_CLOCK": moment, "COURSE_CLOCK_TICKS": "no" if self.frozen_clock else "yes"}

    def umask(self) -> int:
        """Permissions that new files do not get."""
        here = current_umask()
        if not self.other("umask"):
            return here
        return 0o077 if here != 0o077 else 0o022

    def host(self) -> str:
        """Name of the computer, empty for the real one."""
        return "another-computer" if self.other("host") else ""


def first_user() -> str:
    """Name the user as the first execution sees it."""
    return os.environ.get("USER") or os.environ.get("LOGNAME") or os.environ.get("USERNAME") or "student"


@functools.cache
def current_umask() -> int:
    """Read the umask of this process; reading it means setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@functools.cache
def other_zone() -> str:
    """Choose a time zone in which it is another day and another hour than here, now."""
    here = datetime.datetime.now().astimezone()
    for name in ("Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Pago_Pago"):
        try:
            there = here.astimezone(zoneinfo.ZoneInfo(name))
        except zoneinfo.ZoneInfoNotFoundError:
            continue
        if there.date() != here.date() and there.hour != here.hour:
            return name
    return "XYZ-14"  # POSIX notation, which needs no database: fourteen hours ahead


@functools.cache
def other_moment() -> datetime.datetime:
    """Choose a moment about two years ahead that differs in every field a program could look at."""
    now = datetime.datetime.now().replace(microsecond=0)
    fields = ["%Y", "%m", "%d", "%a", "%H", "%M", "%S", "%j", "%p"]
    for days in range(760, 900):
        then = now + datetime.timedelta(days=days, hours=13, minutes=17, seconds=23)
        if all(now.strftime(field) != then.strftime(field) for field in fields):
            return then
    return now + datetime.timedelta(days=800, hours=13, minutes=17, seconds=23)


def other_thread_count() -> str:
    """Choose a number of threads unlike the default one, which is the number of cores."""
    return "1" if (os.cpu_count() or 1) > 1 else "2"


def use_up_process_numbers(count: int, command: list[str]) -> list[str]:
    """Wrap a command so that its process number is another one in each execution, as it is outside a sandbox."""
    loop = f'i=0; while [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done; "$@"; exit $?'
    return ["/bin/sh", "-c", loop, "sh", *command]
