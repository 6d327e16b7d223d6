"""Write what was found: a table for the terminal, `report.json`, `report.html` and `junit.xml`."""

from __future__ import annotations

import json
import math
import platform
import statistics
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlops_course.reproduce import collect
from mlops_course.reproduce.check import Result
from mlops_course.reproduce.compare import Difference
from mlops_course.reproduce.diagnose import as_dict
from mlops_course.reproduce.run import Report
from mlops_course.reproduce.surroundings import possible
from mlops_course.reproduce.variations import ON_REQUEST, VARIATIONS
from mlops_course.words import plural

FORMAT = 1
# Not even tried: no tool does it for a process of an ordinary user, or a laptop has only one of them.
NEVER_VARIED = (
    "processor and its instruction set, number of cores, operating system, package versions, user id, the network"
)
NOT_ISOLATED = "Executed without bubblewrap: notebooks, and the models that they logged, ran with your rights."
BEST_SEED = (
    "Report the mean and the spread. The best of many seeds is chosen with the test data, so it promises too much."
)


def print_report(report: Report, console: Console) -> None:
    """Print a table with a row a notebook, then what differs and why."""
    table = Table(title="Same code, same data, same seed: same results?", title_justify="left", expand=False)
    for column in ("notebook", "verdict", "same seed twice", "another seed"):
        table.add_column(column, overflow="fold")
    for result in report.results:
        style = "green" if result.holds else "red"
        table.add_row(escape(str(result.notebook)), f"[{style}]{result.verdict}[/]", same(result), other(result))
    console.print(table)
    for result in report.results:
        print_details(result, console)
    if not any(result.executions for result in report.results):
        return
    varied = [VARIATIONS[name].label for name in possible(report.tools, requested=report.options.vary)]
    console.print("Varied between the two executions: " + ", ".join(varied) + ".", highlight=False)
    for name, reason in report.tools.why_not.items():
        console.print(f"Could not vary {VARIATIONS[name].label}: {reason}.", highlight=False)
    if not report.tools.bubblewrap:
        console.print(NOT_ISOLATED, highlight=False)
    console.print("Not compared: " + "; ".join([*collect.EXCLUDED, *report.options.exclude]) + ".", highlight=False)


def same(result: Result) -> str:
    """Say in a few words how the two executions compare."""
    if result.verdict in {"unusable", "failed", "logs nothing"}:
        return "-"
    if result.differences:
        return plural(len(result.differences), "difference")
    return f"identical ({count(result)})"


def count(result: Result) -> str:
    """Say how much was found equal, so that nobody takes nothing for equal."""
    runs = result.executions["first"].record["runs"]
    metrics = sum(len(run["metrics"]) for run in runs)
    values = sum(len(values) for run in runs for values in run["metrics"].values())
    return f"{plural(len(runs), 'run')}, {plural(metrics, 'metric')}, {plural(values, 'value')}"


def other(result: Result) -> str:
    """Say in a few words what the other seed did."""
    if result.verdict == "seed has no effect":
        return "changes nothing"
    changed = sorted({one.subject for one in result.control if one.kind == "metric"})
    if not changed:
        return "-"
    return "changes " + ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")


def print_details(result: Result, console: Console) -> None:
    """Print what one notebook needs said beyond its row."""
    if result.holds and not result.notes and not result.spread:
        return
    console.print(f"\n[bold]{escape(str(result.notebook))}[/]", highlight=False)
    if result.causes:
        for cause in result.causes:
            console.print(f"  {escape(cause.sentence)}", highlight=False)
            if cause.hint:
                console.print(f"    {escape(cause.hint)}", highlight=False)
            if cause.cell:
                console.print(f"    First output that differs: {escape(cause.cell)}", highlight=False)
    elif result.message:
        console.print(f"  {escape(result.message)}", highlight=False)
    if result.differences:
        console.print(difference_table(result.differences))
    for note in result.notes:
        console.print(f"  Note: {escape(note)}", highlight=False)
    if result.spread:
        console.print(spread_table(result.spread))
        console.print(f"  {BEST_SEED}", highlight=False)


def difference_table(differences: list[Difference], most: int = 12) -> Table:
    """Lay out differences."""
    table = Table(show_edge=False, pad_edge=True)
    for column in ("kind", "run", "name", "first", "second", "relative"):
        table.add_column(column, overflow="fold")
    for one in differences[:most]:
        table.add_row(
            *(escape(text) for text in (one.kind, one.run, one.name, one.first, one.second, show_relative(one)))
        )
    if len(differences) > most:
        table.add_row("", "", f"and {len(differences) - most} more in report.json", "", "", "")
    return table


def show_relative(difference: Difference) -> str:
    """Write a relative difference."""
    return "" if difference.relative is None else f"{difference.relative:.2g}"


def spread(values: list[float]) -> dict[str, float]:
    """Summarise a metric over seeds: mean, standard deviation (n - 1), range; NaN values are left out and counted."""
    finite = [value for value in values if math.isfinite(value)]
    return {
        "n": len(finite),
        "not finite": len(values) - len(finite),
        "mean": statistics.fmean(finite) if finite else math.nan,
        "sd": statistics.stdev(finite) if len(finite) > 1 else math.nan,
        "min": min(finite, default=math.nan),
        "max": max(finite, default=math.nan),
    }


def spread_table(found: dict[str, Any]) -> Table:
    """Lay out the spread of every metric over the seeds."""
    table = Table(show_edge=False, title=f"{plural(len(found['seeds']), 'seed')}", title_justify="left")
    for column in ("metric", "mean", "sd", "smallest", "largest", "seeds"):
        table.add_column(column, overflow="fold")
    for name, values in found["metrics"].items():
        numbers = spread(list(values.values()))
        cells = (f"{numbers[key]:.4g}" for key in ("mean", "sd", "min", "max"))
        table.add_row(escape(name), *cells, str(numbers["n"]))
    for seed, message in found["failed"].items():
        table.add_row(f"seed {seed}", escape(message), "", "", "", "")
    return table


def as_json(report: Report) -> dict[str, Any]:
    """Build the content of `report.json`; `mlops_course/reproduce/README.md` documents it."""
    return {
        "format": FORMAT,
        "holds": all(result.holds for result in report.results),
        "seconds": round(report.seconds, 2),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("papermill", "mlflow", "numpy", "scikit-learn")},
        "system": platform.platform(),
        "varied": possible(report.tools, requested=report.options.vary),
        "not_varied": report.tools.why_not | {name: "only on request (--vary)" for name in ON_REQUEST
                                              if name not in report.options.vary},
        "isolated": bool(report.tools.bubblewrap),
        "not_compared": [*collect.EXCLUDED, *report.options.exclude],
        "notebooks": [result_as_json(result) for result in report.results],
    }  # fmt: skip


def result_as_json(result: Result) -> dict[str, Any]:
    """Plain values of one result."""
    return {
        "notebook": str(result.notebook),
        "verdict": result.verdict,
        "message": result.message,
        "seed": result.seed,
        "other_seed": result.other_seed,
        "executions": [
            {
                "label": label,
                "parameters": execution.parameters,
                "varied": sorted(execution.surroundings.varied),
                "status": execution.status,
                "message": execution.message,
                "seconds": round(execution.seconds, 2),
                "notebook": str(execution.output),
            }
            for label, execution in result.executions.items()
        ],
        "differences": [asdict(one) for one in result.differences],
        "changed_by_other_seed": [asdict(one) for one in result.control],
        "causes": [as_dict(cause) for cause in result.causes],
        "notes": result.notes,
        "runs": result.executions["first"].record.get("runs", []) if "first" in result.executions else [],
        "spread": spread_as_json(result.spread),
    }


def spread_as_json(found: dict[str, Any]) -> dict[str, Any]:
    """Plain values of a spread over seeds, with its summary."""
    if not found:
        return {}
    return found | {"summary": {name: spread(list(values.values())) for name, values in found["metrics"].items()}}


def junit(report: Report) -> ElementTree.Element:
    """Build a JUnit document: a test case a notebook."""
    bad = [result for result in report.results if not result.holds]
    errors = [result for result in bad if result.verdict in {"unusable", "failed"}]
    counts = {"tests": len(report.results), "failures": len(bad) - len(errors), "errors": len(errors)}
    suite = ElementTree.Element("testsuite", name="course reproduce", time=f"{report.seconds:.2f}",
                                **{name: str(number) for name, number in counts.items()})  # fmt: skip
    for result in report.results:
        seconds = max((one.seconds for one in result.executions.values()), default=0.0)
        case = ElementTree.SubElement(
            suite, "testcase", classname="reproduce", name=str(result.notebook), time=f"{seconds:.2f}"
        )
        if not result.holds:
            kind = "error" if result in errors else "failure"
            detail = ElementTree.SubElement(case, kind, message=printable(result.message), type=result.verdict)
            lines = [f"{one.kind} {one.run} {one.name}: {one.first} | {one.second}" for one in result.differences]
            detail.text = printable("\n".join([*(cause.sentence for cause in result.causes), *lines]))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    return root


def write_report(report: Report, folder: Path) -> Path:
    """Write all files of the report.

    Returns
    -------
    Path
        The HTML page.
    """
    from mlops_course.reproduce.page import render

    folder.mkdir(parents=True, exist_ok=True)
    content = as_json(report)
    text = json.dumps(finite(content), indent=1, ensure_ascii=False, default=str)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    tree = ElementTree.ElementTree(junit(report))
    ElementTree.indent(tree)
    tree.write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
    page = folder / "report.html"
    page.write_text(render(report, content), encoding="utf-8")
    return page


def printable(text: str) -> str:
    """Leave out the control characters that XML forbids, such as those that colour a terminal."""
    return "".join(character for character in text if character in "\n\t" or character >= " ")


def finite(value: Any) -> Any:
    """Write NaN and infinities as text: JSON has no numbers for them."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
