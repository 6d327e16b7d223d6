"""Draw `report.html`: one file, no script, no address outside it, readable in greyscale and in dark mode."""

from __future__ import annotations

import math
import statistics
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from mlops_course.reproduce import report as texts
from mlops_course.reproduce.compare import pair
from mlops_course.reproduce.run import Report
from mlops_course.reproduce.surroundings import possible
from mlops_course.reproduce.variations import VARIATIONS
from mlops_course.words import plural

WIDTH, LEFT, RIGHT = 640, 44, 16


def render(report: Report, content: dict[str, Any]) -> str:
    """Render what was found, and the same as plain values, as in `report.json`."""
    environment = Environment(loader=PackageLoader("mlops_course.reproduce"), autoescape=select_autoescape())
    environment.globals |= {"plural": plural, "relative": texts.show_relative,
                             "same": texts.same, "other": texts.other,
                            "timeline": timeline, "histories": histories, "spreads": spreads}  # fmt: skip
    template = environment.get_template("report.html")
    return template.render(
        report=report,
        content=content,
        varied=[VARIATIONS[name] for name in possible(report.tools, requested=report.options.vary)],
        not_varied=[(VARIATIONS[name].label, reason) for name, reason in content["not_varied"].items()],
        never=texts.NEVER_VARIED,
        not_isolated=texts.NOT_ISOLATED,
        excluded=content["not_compared"],
        advice=texts.BEST_SEED,
    )


def timeline(result: Any) -> list[dict[str, Any]]:
    """Bars for the executions of a notebook, as long as they took."""
    longest = max((one.seconds for one in result.executions.values()), default=0) or 1
    return [
        {
            "label": label,
            "seconds": one.seconds,
            "width": round(100 * one.seconds / longest, 1),
            "status": one.status,
            "seed": one.parameters.get("seed"),
            "varied": ", ".join(VARIATIONS[name].label for name in VARIATIONS if name in one.surroundings.varied),
        }
        for label, one in result.executions.items()
    ]


def histories(result: Any, most: int = 4) -> list[dict[str, Any]]:
    """Figures of the metrics with a history, the differing ones first: both executions and the other seed."""
    executions = [(name, result.executions.get(name)) for name in ("first", "second", "other seed")]
    lines = [(name, one.record) for name, one in executions if one is not None and one.record]
    if not lines:
        return []
    differing = {(one.run, one.subject) for one in result.differences if one.kind == "metric"}
    figures = []
    runs = lines[0][1]["runs"]
    same = [(label, {id(own): other for own, other in pair(runs, record["runs"], same_names=False)})
            for label, record in lines]  # fmt: skip
    for run in runs:
        for name, values in run["metrics"].items():
            if len(values) < 3:
                continue
            series = [(label, points(others[id(run)], name)) for label, others in same]
            figure = line_figure([(label, one) for label, one in series if one])
            if figure:
                figures.append({"run": run["key"], "name": name, "differs": (run["key"], name) in differing} | figure)
    figures.sort(key=lambda figure: not figure["differs"])
    return figures[:most]


def points(run: dict[str, Any] | None, name: str) -> list[tuple[float, float]]:
    """Read the finite values of a metric's history as (step, value)."""
    values = run["metrics"].get(name, []) if run else []
    pairs = [(float(step), float.fromhex(value)) for step, value in values]
    return [(step, value) for step, value in pairs if math.isfinite(value)]


def line_figure(series: list[tuple[str, list[tuple[float, float]]]]) -> dict[str, Any] | None:
    """Scale lines into a drawing of `WIDTH` by 180; None where there is nothing to draw."""
    every = [point for _, one in series for point in one]
    if len(every) < 2:
        return None
    (low_x, high_x), (low_y, high_y) = (
        (min(point[axis] for point in every), max(point[axis] for point in every)) for axis in (0, 1)
    )
    across, up = (high_x - low_x) or 1.0, (high_y - low_y) or 1.0

    def place(point: tuple[float, float]) -> str:
        x = LEFT + (point[0] - low_x) / across * (WIDTH - LEFT - RIGHT)
        return f"{x:.1f},{150 - (point[1] - low_y) / up * 130:.1f}"

    lines = [{"label": label, "points": " ".join(map(place, one))} for label, one in series]
    return {"lines": lines, "low": f"{low_y:.3g}", "high": f"{high_y:.3g}", "from": f"{low_x:g}", "to": f"{high_x:g}"}


def spreads(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures of a spread over seeds: a dot a seed, the mean and one standard deviation to each side."""
    figures = []
    for name, values in found.get("metrics", {}).items():
        finite = {seed: value for seed, value in values.items() if math.isfinite(value)}
        if len(finite) < 2:
            continue
        mean, deviation = statistics.fmean(finite.values()), statistics.stdev(finite.values())
        low = min(*finite.values(), mean - deviation)
        high = max(*finite.values(), mean + deviation)
        scale = (WIDTH - 2 * RIGHT) / ((high - low) or 1.0)

        def across(value: float, low: float = low, scale: float = scale) -> float:
            return round(RIGHT + (value - low) * scale, 1)

        figures.append(
            {
                "name": name,
                "dots": [{"x": across(value), "y": 30 + 17 * (place % 3), "seed": seed, "value": f"{value:.4g}"}
                         for place, (seed, value) in enumerate(finite.items())],
                "mean": across(mean),
                "center": f"{mean:.4g}",
                "low": f"{low:.4g}",
                "high": f"{high:.4g}",
                "from": across(mean - deviation),
                "to": across(mean + deviation),
                "summary": f"mean {mean:.4g}, sd {deviation:.2g}, from {min(finite.values()):.4g} "
                           f"to {max(finite.values()):.4g}, {len(finite)} seeds",
            }
        )  # fmt: skip
    return figures
