# loses: training_commit_found
# why: the newest commit that carries the pointer, not the first
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
import subprocess

for commit in subprocess.check_output(["git", "rev-list", "HEAD"], text=True).split():
    tree = subprocess.run(["git", "show", f"{commit}:data/penguins.csv.dvc"], capture_output=True, text=True)
    if row["tags.dvc_md5"] in tree.stdout:
        answer_training_commit = commit
        break
