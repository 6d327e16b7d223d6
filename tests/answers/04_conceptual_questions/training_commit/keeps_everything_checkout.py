# loses: nothing
# why: checks out each commit in turn, stays on a detached HEAD with the data pulled
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
import subprocess
from pathlib import Path

import yaml

history = subprocess.check_output(["git", "rev-list", "--reverse", "main"], text=True).split()
for commit in history:
    subprocess.run(["git", "checkout", "--quiet", commit], check=True)
    file = Path("data/penguins.csv.dvc")
    if file.exists() and yaml.safe_load(file.read_text())["outs"][0]["md5"] == row["tags.dvc_md5"]:
        answer_training_commit = commit
        break
!dvc pull
