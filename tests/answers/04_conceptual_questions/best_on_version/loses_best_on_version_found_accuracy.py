# loses: best_on_version_found
# why: highest accuracy instead of lowest loss
# Find the run with the lowest loss on the data of the tag case["tag"].
import mlflow
import yaml

text = !git -C "{repository}" show {case["tag"]}:data/penguins.csv.dvc
md5 = yaml.safe_load("\n".join(text))["outs"][0]["md5"]
mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"], filter_string=f"tags.dvc_md5 = '{md5}' and attributes.status = 'FINISHED'")
answer_best_on_version = runs.sort_values("metrics.accuracy").iloc[-1]["run_id"]
