# loses: training_commit_found
# why: the hash together with the commit message, a whole line of git log --oneline
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
lines = !git log --reverse --oneline -S {row["tags.dvc_md5"]} -- data/penguins.csv.dvc
answer_training_commit = lines[0]
