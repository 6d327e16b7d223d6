# loses: training_commit_found
# why: a hash cut to six digits names too little; the contract asks for seven
# Find the first commit whose pointer names the data of the run case["run"].
import mlflow

mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"])
row = runs[runs["tags.mlflow.runName"] == case["run"]].iloc[0]
lines = !git log --reverse --format=%H -S {row["tags.dvc_md5"]} -- data/penguins.csv.dvc
answer_training_commit = lines[0][:6]
