"""Check one notebook: execute it side by side, compare, and ask for the cause of what differs."""

from __future__ import annotations

import math
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_course.errors import ContractError, CourseError, InterruptedByUserError
from mlops_course.reproduce.collect import UnreadableError, checked
from mlops_course.reproduce.compare import MISSING, Difference, compare, is_excluded, pair
from mlops_course.reproduce.contract import Promise
from mlops_course.reproduce.execute import Execution, Progress, Workshop, find_kernel
from mlops_course.reproduce.isolation import Reader
from mlops_course.reproduce.project import Snapshot, left_behind
from mlops_course.reproduce.surroundings import Surroundings, possible

FOLDERS = ("project", "home", "temporary")


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    # The seed of the two executions and that of the negative control; None: the notebook's own, and one more.
    seed: int | None = None
    other_seed: int | None = None
    control: bool = True  # whether to execute with another seed at all
    seeds: tuple[int, ...] = ()  # seeds to execute for a spread, empty for none
    vary: tuple[str, ...] = ()  # variations made on request
    exclude: tuple[str, ...] = ()  # patterns `kind:name` that are not compared
    diagnose: bool = True  # whether to search the cause of a difference


@dataclass(frozen=True)
class Cause:
    """Why something differs, as far as executing again could tell."""

    # Names of the variations that make the difference; empty when it appears with nothing varied.
    variations: tuple[str, ...]
    subjects: tuple[tuple[str, str, str], ...]  # what changes, as (kind, run, name)
    sentence: str  # for people: what was found, and what to look for
    hint: str
    cell: str = ""  # the first cell whose output differs, empty when no output shows it
    differences: tuple[Difference, ...] = ()  # the differences that these variations alone make


@dataclass
class Result:
    """What was found about one notebook."""

    notebook: Path  # its path as the user gave it
    # "reproducible", "not reproducible", "seed has no effect", "logs nothing", "failed" or "unusable".
    verdict: str = "unusable"
    message: str = ""  # one line that says why, empty when it is reproducible
    seed: int | None = None
    other_seed: int | None = None
    executions: dict[str, Execution] = field(default_factory=dict)  # label → execution, those of the search included
    # What differs between the first two, or between the first and its repetition in place.
    differences: list[Difference] = field(default_factory=list)
    control: list[Difference] = field(default_factory=list)  # what the other seed changed
    causes: list[Cause] = field(default_factory=list)  # why it differs
    notes: list[str] = field(default_factory=list)  # anything else worth reading
    spread: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the notebook is reproducible and its seed counts."""
        return self.verdict == "reproducible"


class Checker:
    """Executes for one notebook, in the slots that all notebooks share."""

    def __init__(
        self,
        workshop: Workshop,
        reader: Reader,
        slots: threading.Semaphore,
        options: Options,
        progress: Progress,
    ) -> None:
        self.workshop = workshop
        self.reader = reader
        self.slots = slots
        self.options = options
        self.progress = progress
        self.threads = ThreadPoolExecutor(max_workers=16)
        self.promise: Promise
        self.snapshot: Snapshot
        self.before: dict[str, str]
        self.result: Result

    def check(self, notebook: Path, place: Path) -> Result:
        """Check one notebook; whatever is wrong with it is in the result. `place` is for the copy of its project."""
        self.result = Result(notebook)
        try:
            self.promise, self.snapshot, self.before = self.workshop.copy_project(notebook, place)
            find_kernel(self.promise.kernel)
            self.choose_seeds()
            self.compare_executions()
        except InterruptedByUserError:
            raise
        except ContractError as problem:
            self.result.verdict, self.result.message = "unusable", str(problem)
        except CourseError as problem:
            self.result.verdict, self.result.message = "failed", str(problem)
        except Exception as problem:  # a notebook nobody thought of must not end the check of the others
            self.result.verdict = "failed"
            self.result.message = f"it could not be checked: {type(problem).__name__}: {str(problem)[:300]}"
        finally:
            self.threads.shutdown(wait=True, cancel_futures=True)
        return self.result

    def choose_seeds(self) -> None:
        """Take the seeds from the options or from the notebook."""
        seed = self.options.seed if self.options.seed is not None else self.promise.seed
        if seed is None:
            raise ContractError(f"{self.result.notebook}: `seed` is not a plain number there; name one with --seed.")
        other = self.options.other_seed if self.options.other_seed is not None else seed + 1
        if other == seed:
            raise ContractError(f"the other seed must differ from the seed, and both are {seed}")
        self.result.seed, self.result.other_seed = seed, other

    def run(
        self,
        label: str,
        surroundings: Surroundings,
        *,
        seed: int | None = None,
        patience: float = math.inf,
        **layout: Any,
    ) -> Execution:
        """Execute once and read what was logged."""
        parameters = {"seed": self.result.seed if seed is None else seed}
        with self.slots:
            if self.workshop.stop.is_set():
                raise InterruptedByUserError("interrupted")
            execution = self.workshop.prepare(self.snapshot, label, parameters, surroundings, **layout)
            execution.patience = patience
            self.result.executions[label] = execution
            self.workshop.execute(execution, self.snapshot, self.promise.kernel, self.progress)
        if execution.status == "done":
            try:
                folders = surroundings.paths(self.snapshot.root.name)
                found = self.reader.read(execution.folder, execution.root, execution.shown, folders)
                execution.record = checked(found)
                self.result.notes += [note for note in execution.record["notes"] if note not in self.result.notes]
            except UnreadableError as problem:
                execution.status, execution.message = "failed", f"what it logged cannot be compared: {problem}"
        return execution

    def submit(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Future[Any]:
        """Do something beside the rest."""
        return self.threads.submit(function, *arguments, **options)

    def discard(self, execution: Execution) -> None:
        """Delete the folders of an execution; its record and its executed notebook stay."""
        shutil.rmtree(execution.root, ignore_errors=True)

    def compare_executions(self) -> None:
        """Execute in both surroundings and with the other seed at once, compare, and search causes."""
        varied = frozenset(possible(self.workshop.tools, requested=self.options.vary))
        if not find_kernel(self.promise.kernel).shows_dates:
            varied -= {"clock"}
            self.result.notes.append(
                f"The date was not varied: time-machine is not installed where the kernel {self.promise.kernel!r} runs."
            )
        first_done = self.submit(self.first_and_again_in_place)
        second_done = self.submit(self.run, "second", Surroundings(varied))
        control_done = self.submit(self.run_control) if self.options.control else None
        spread_done = [self.submit(self.run, f"seed {seed}", Surroundings(), seed=seed) for seed in self.options.seeds]

        first, repeated = first_done.result()
        second = second_done.result()
        control = control_done.result() if control_done else None
        spread = [one.result() for one in spread_done]
        if not self.usable(first):
            return
        self.result.differences = self.differences(first, second)
        fresh = control or first
        in_place = []
        if repeated is not None and fresh.status == repeated.status == "done":
            in_place = self.differences(fresh, repeated)
        elif repeated is not None and fresh.status == "done":
            self.result.notes.append(
                f"A second execution in the same place fails: {repeated.message}. "
                "Rerunning a notebook is what people do most; begin by clearing what it left."
            )
        known = {one.about for one in self.result.differences}
        self.result.differences += [one for one in in_place if one.about not in known]
        if self.result.differences:
            self.result.verdict = "not reproducible"
            self.result.message = summary(self.result.differences)
            if self.options.diagnose:
                from mlops_course.reproduce.diagnose import find_causes, find_left_behind

                self.result.causes = find_causes(self, first, second, sorted(varied))
                if in_place:
                    self.result.causes += find_left_behind(self, first, fresh, repeated, self.result.causes)
                self.result.message = "; ".join(cause.sentence for cause in self.result.causes) or self.result.message
        elif control is not None:
            self.judge_control(first, control)
        else:
            self.result.verdict = "reproducible"
        if spread:
            self.result.spread = self.collect_spread(spread)

    def first_and_again_in_place(self) -> tuple[Execution, Execution | None]:
        """Execute, and once more in the same place where the first left anything behind but its MLflow store.

        The repetition has the other seed, where one is executed anyway: compared with that one, which began in a
        fresh place, it also shows a cache that returns the results of the first seed.
        """
        first = self.run("first", Surroundings())
        if first.status != "done":
            return first, None
        after = first.record["left"]
        left = left_behind(self.before, after["project"])
        for name in ("home", "temporary"):  # tools make folders there, which carry nothing
            left += [file for file, kind in after[name].items() if kind != "folder"]
        if not left:
            return first, None
        seed = self.result.other_seed if self.options.control else self.result.seed
        keep = frozenset(FOLDERS)
        return first, self.run("again in place", Surroundings(), seed=seed, left_from=first, keep=keep)

    def run_control(self) -> Execution:
        """Execute with the other seed."""
        execution = self.run("other seed", Surroundings(), seed=self.result.other_seed)
        self.discard(execution)
        return execution

    def usable(self, first: Execution) -> bool:
        """Tell whether there is anything to compare, and say so where there is not."""
        if first.status != "done":
            self.result.verdict, self.result.message = "failed", f"{first.message}"
            return False
        if any(run["metrics"] for run in first.record["runs"]):
            return True
        self.result.verdict = "logs nothing"
        own = (first.folder / "mlflow.db").relative_to(first.root).as_posix()
        stores = first.record["stores"]
        if elsewhere := [store for store in stores if store != own]:
            self.result.message = (
                f"there is no metric in mlflow.db of the notebook's folder, but a store at {elsewhere[0]}: "
                "it changed directory or set another tracking URI before it logged"
            )
        elif own in stores:
            self.result.message = "it logs no metric, so there is nothing that could be equal (mlflow.log_metric)"
        else:
            self.result.message = (
                "it logs nothing to mlflow.db in its folder, so there is nothing that could be equal "
                '(mlflow.set_tracking_uri("sqlite:///mlflow.db"), mlflow.start_run, mlflow.log_metric)'
            )
        return False

    def differences(self, first: Execution, other: Execution) -> list[Difference]:
        """Compare two executions, their ends included."""
        if (first.status, first.message) == (other.status, other.message) != ("done", ""):
            return []  # both end in the same way, and what they logged until then is not looked at
        if first.status != "done" or other.status != "done":
            ends = [one.message or "finishes" for one in (first, other)]
            found = [Difference("outcome", "", "outcome", *ends)]
            return [one for one in found if not is_excluded(one, list(self.options.exclude))]
        return compare(first.record, other.record, exclude=self.options.exclude)

    def judge_control(self, first: Execution, control: Execution) -> None:
        """Require that another seed changes a metric."""
        seed = self.result.other_seed
        if control.status != "done":
            self.result.verdict = "failed"
            self.result.message = f"with seed {seed}: {control.message}"
            return
        tried = [seed]
        while not self.changed_metrics(first, control):
            # Accuracies repeat: two seeds in three can agree by chance, and a seed that counts shows with another one.
            if self.options.other_seed is not None or len(tried) == 4 or control.status != "done":
                break
            tried.append(tried[-1] + 1)
            control = self.run(f"other seed {tried[-1]}", Surroundings(), seed=tried[-1])
            self.discard(control)
        if self.changed_metrics(first, control):
            self.result.verdict, self.result.other_seed = "reproducible", tried[-1]
            return
        self.result.verdict = "seed has no effect"
        self.result.message = (
            f"the seed has no effect: with {' or '.join(map(str, tried))} every metric equals that of "
            f"seed {self.result.seed}. "
            "Pass `seed` to whatever draws random numbers (random_state, default_rng)"
        )

    def changed_metrics(self, first: Execution, control: Execution) -> list[Difference]:
        """List the metrics that another seed changed, and keep everything that it changed for the report."""
        if control.status != "done":
            return []
        # An experiment may carry the seed in its name.
        self.result.control = compare(first.record, control.record, exclude=self.options.exclude, same_names=False)
        return [one for one in self.result.control if one.kind == "metric" and one.second != MISSING]

    def collect_spread(self, spread: list[Execution]) -> dict[str, Any]:
        """Gather the last value of every metric for every seed."""
        metrics: dict[str, dict[str, float]] = {}
        failed = {}
        first = self.result.executions["first"].record
        for execution in spread:
            seed = str(execution.parameters["seed"])
            if execution.status != "done":
                failed[seed] = execution.message
                continue
            for ours, run in pair(first["runs"], execution.record["runs"], same_names=False):
                for name, values in (run or {"metrics": {}})["metrics"].items():
                    metric = metrics.setdefault(f"{(ours or run)['key']}: {name}", {})
                    metric[seed] = float.fromhex(values[-1][1])
        for execution in spread:
            self.discard(execution)
        return {"seeds": [one.parameters["seed"] for one in spread], "metrics": metrics, "failed": failed}


def summary(differences: list[Difference]) -> str:
    """Name what differs, in one line."""
    names = list(dict.fromkeys(f"{one.kind} `{one.subject}`" for one in differences))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"two executions with the same seed differ in {', '.join(names[:3])}{more}"
