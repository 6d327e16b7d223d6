# loses: nothing
# why: papermill's command in a process of its own, both folders below one; exit codes looked at
import filecmp
import os
import subprocess
import sys
import tempfile


def is_reproducible(notebook, parameters):
    base = tempfile.mkdtemp()
    for number in "12":
        folder = os.path.join(base, number)
        os.mkdir(folder)
        command = [sys.executable, "-m", "papermill", os.path.abspath(notebook), os.path.join(folder, "out.ipynb")]
        command += ["--cwd", folder, "--no-progress-bar"]
        for name, value in parameters.items():
            command += ["-p", name, str(value)]
        if subprocess.run(command, capture_output=True).returncode:
            return False
    files = [os.path.join(base, number, "metrics.json") for number in "12"]
    return all(map(os.path.exists, files)) and filecmp.cmp(*files, shallow=False)
