# loses: training_commit_found
# why: takes the commit that was checked out, not the one with the data
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
answer_training_commit = row["tags.git_revision"]
