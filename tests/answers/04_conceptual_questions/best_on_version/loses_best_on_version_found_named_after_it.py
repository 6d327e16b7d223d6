# loses: best_on_version_found
# why: chooses by the run's name
# Find the run with the lowest loss on the data of the tag case["tag"].
import mlflow
import yaml

text = !git -C "{repository}" show {case["tag"]}:data/penguins.csv.dvc
md5 = yaml.safe_load("\n".join(text))["outs"][0]["md5"]
mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"], output_format="list")
runs = [run for run in runs if case["tag"] in run.info.run_name and run.info.status == "FINISHED"]
answer_best_on_version = min(runs, key=lambda run: run.data.metrics["loss"]).info.run_id
