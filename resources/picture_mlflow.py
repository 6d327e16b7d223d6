"""Take lesson 02's pictures of MLflow's UI: `python resources/picture_mlflow.py` (a minute or two, needs Chromium).

The lesson is executed in a scratch folder, and its own store is opened. Each picture notes the MLflow that it shows.
"""

import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

import mlflow
from PIL import Image, PngImagePlugin
from playwright.sync_api import Locator, Page, sync_playwright

HERE = Path(__file__).resolve().parent
LESSON, MODEL = "lesson_02", "lesson_02_penguin_sex"
WIDTH, HEIGHT, COLOURS = 1280, 640, 128

# A frame with a number at its top left corner.
MARK = """([number, box]) => {
    const mark = document.createElement("div"), badge = document.createElement("div");
    mark.className = "course-mark";
    mark.style.cssText = `position:fixed; z-index:99999; border:3px solid #D55E00; border-radius:6px;
        left:${box.x - 6}px; top:${box.y - 5}px; width:${box.width + 12}px; height:${box.height + 10}px`;
    badge.style.cssText = `position:absolute; left:-14px; top:-14px; width:24px; height:24px; border-radius:12px;
        background:#D55E00; color:white; font:bold 15px/24px sans-serif; text-align:center`;
    badge.textContent = number;
    mark.append(badge);
    document.body.append(mark);
}"""


def make_store(folder: Path) -> Path:
    """Execute the lesson in a scratch folder; return the folder that holds its store."""
    for name in ("notebooks", "data"):
        shutil.copytree(
            HERE.parent / name, folder / name, ignore=shutil.ignore_patterns("work", "mlflow.db*", "mlruns")
        )
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", f"{LESSON}_mlflow_tracking.ipynb", "out.ipynb"]
    subprocess.run(command, cwd=folder / "notebooks", env=os.environ | {"LOGNAME": "ana"}, check=True)
    return folder / "notebooks"


def wait_for(port: int) -> None:
    """Wait until the UI listens."""
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(1)
    raise RuntimeError("MLflow's UI does not answer")


def save(page: Page, name: str, marks: list[Locator]) -> None:
    """Mark the places, and write a small picture that says which MLflow it shows."""
    for number, place in enumerate(marks, start=1):
        place.wait_for()
        page.evaluate(MARK, [number, place.bounding_box()])
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS)
    page.locator(".course-mark").evaluate_all("marks => marks.forEach(mark => mark.remove())")
    note = PngImagePlugin.PngInfo()
    note.add_text("Software", f"MLflow {mlflow.__version__}")
    path = HERE / f"mlflow_{name}.png"
    picture.save(path, optimize=True, pnginfo=note)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def take(page: Page, address: str, store: Path) -> None:
    """Visit the four pages, and take a picture of each."""
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(LESSON).experiment_id
    ids = {run.info.run_name: run.info.run_id for run in reversed(client.search_runs([experiment]))}
    rates = [ids[f"v2007, rate {rate}"] for rate in (0.001, 0.01, 0.1, 1.0, 10.0)]

    def go(path: str) -> None:
        page.goto(f"{address}/#/{path}{'&' if '?' in path else '?'}workflowType=machine_learning")
        close = page.get_by_role("button", name="Close", exact=True)  # MLflow's assistant, which fills a quarter
        page.get_by_text("Model training", exact=True).first.wait_for()
        if close.is_visible():
            close.click()

    go(f"experiments/{experiment}/runs")
    search = page.get_by_role("gridcell").filter(has_text="search over learning rates")
    search.locator("button").first.click()
    failed = page.get_by_role("gridcell").filter(has_text="Ben: five rows")
    failed.wait_for()
    page.wait_for_timeout(2000)  # rows and the panel that was closed still move
    menu = page.get_by_text("Model training", exact=True).first
    columns = page.get_by_role("button", name="Columns")
    save(page, "table", [menu, search.locator("button").first, failed, columns])

    go(f"experiments/{experiment}/runs/{ids['first run']}")
    page.get_by_text("Parameters (", exact=False).first.wait_for()
    page.wait_for_timeout(2000)
    artifacts = page.get_by_role("tab", name="Artifacts")
    save(page, "run", [page.get_by_text("Finished"), page.get_by_text("dvc_md5").first, artifacts])

    runs, experiments = (urllib.parse.quote(json.dumps(names)) for names in (rates, [experiment]))
    go(f"compare-runs?runs={runs}&experiments={experiments}")
    page.get_by_role("tab", name="Parallel Coordinates Plot").wait_for()
    page.wait_for_timeout(3000)
    chosen = [page.get_by_text(name, exact=True).first for name in ("Parameters:", "Metrics:")]
    save(page, "compare", [*chosen, page.get_by_role("tab", name="Scatter Plot")])

    go(f"models/{MODEL}")
    alias = page.get_by_text("champion").first
    alias.wait_for()
    page.wait_for_timeout(2000)
    save(page, "registry", [page.get_by_role("link", name="Version 1"), alias])


def main() -> None:
    """Make the store, open it, take the pictures."""
    with tempfile.TemporaryDirectory() as scratch, socket.socket() as probe:
        store = make_store(Path(scratch))
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        server = subprocess.Popen([sys.executable, "-m", "mlflow", "ui", "--port", str(port)], cwd=store)
        try:
            wait_for(port)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                page.set_default_timeout(60_000)
                take(page, f"http://127.0.0.1:{port}", store)
                browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
