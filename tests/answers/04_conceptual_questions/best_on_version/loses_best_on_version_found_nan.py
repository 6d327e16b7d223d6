# loses: best_on_version_found
# why: an infinite loss stands for every missing one, and NaN comes first in the comparison
# Find the run with the lowest loss on the data of the tag case["tag"].
import mlflow
import yaml

text = !git -C "{repository}" show {case["tag"]}:data/penguins.csv.dvc
md5 = yaml.safe_load("\n".join(text))["outs"][0]["md5"]
mlflow.set_tracking_uri(store)
import math

runs = mlflow.search_runs(experiment_names=["penguins"], filter_string=f"tags.dvc_md5 = '{md5}' and attributes.status = 'FINISHED'", output_format="list")
runs.sort(key=lambda run: not math.isnan(run.data.metrics.get("loss", 9)))
answer_best_on_version = min(runs, key=lambda run: run.data.metrics.get("loss", 9)).info.run_id
