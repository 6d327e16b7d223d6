# loses: nothing
# why: git log -S finds the commit in one line; a short hash in capitals
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
lines = !git -C "{repository}" log --reverse --format=%h -S {row["tags.dvc_md5"]} -- data/penguins.csv.dvc
answer_training_commit = lines[0].upper() + "\n"
