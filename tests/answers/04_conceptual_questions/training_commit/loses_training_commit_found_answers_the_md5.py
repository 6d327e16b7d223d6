# loses: training_commit_found
# why: gives the md5 of the data instead of a commit
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
answer_training_commit = row["tags.dvc_md5"]
