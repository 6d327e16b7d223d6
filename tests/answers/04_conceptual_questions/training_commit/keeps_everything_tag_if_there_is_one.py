# loses: nothing
# why: walks first-parent history with dvc.api, answers with a tag where one stands there, warns, goes elsewhere, rebinds os and Path
# Find the first commit whose pointer names the data of the run case["run"].
import sqlite3
import subprocess
import sys
import warnings

import dvc.api
import yaml

warnings.warn("this is noise on stderr", UserWarning)
print("more noise", file=sys.stderr)
rows = sqlite3.connect(evidence / "mlflow.db").execute(
    "select value from tags join runs using (run_uuid) where key = 'dvc_md5' and name = ?", [case["run"]]
)
wanted = rows.fetchone()[0]
answer_training_commit = ""
for revision in subprocess.check_output(["git", "-C", str(repository), "rev-list", "--reverse", "main"], text=True).split():
    try:
        text = dvc.api.read("data/penguins.csv.dvc", repo=str(repository), rev=revision)
    except Exception:
        continue
    if yaml.safe_load(text)["outs"][0]["md5"] == wanted:
        answer_training_commit = revision
        break
tags = !git -C "{repository}" tag --points-at {answer_training_commit}
if tags:
    answer_training_commit = tags[0]
%cd ..
os = Path = json = hashlib = re = "rebound"
