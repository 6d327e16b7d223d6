# loses: training_commit_found
# why: the list that `!git` returns instead of its first line
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
answer_training_commit = !git log --reverse --format=%H -S {row["tags.dvc_md5"]} -- data/penguins.csv.dvc
