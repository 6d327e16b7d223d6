# loses: nothing
# why: papermill's command in a process of its own, all folders below one; exit codes looked at
import filecmp
import json
import os
import subprocess
import sys
import tempfile


def is_reproducible(notebook, parameters, other_seed):
    base = tempfile.mkdtemp()
    seeds = {"1": parameters["seed"], "2": parameters["seed"], "3": other_seed}
    for number, seed in seeds.items():
        folder = os.path.join(base, number)
        os.mkdir(folder)
        command = [sys.executable, "-m", "papermill", os.path.abspath(notebook), os.path.join(folder, "out.ipynb")]
        command += ["--cwd", folder, "--no-progress-bar"]
        for name, value in {**parameters, "seed": seed}.items():
            command += ["-p", name, str(value)]
        if subprocess.run(command, capture_output=True).returncode:
            return False
    files = [os.path.join(base, number, "metrics.json") for number in seeds]
    if not all(map(os.path.exists, files)) or not filecmp.cmp(*files[:2], shallow=False):
        return False
    first, control = (json.load(open(file))["loss"] for file in files[1:])
    return first != control
