# loses: best_on_version_found
# why: sorts all runs on the data, the failed one has the lowest loss
# Find the run with the lowest loss on the data of the tag case["tag"].
import mlflow
import yaml

text = !git -C "{repository}" show {case["tag"]}:data/penguins.csv.dvc
md5 = yaml.safe_load("\n".join(text))["outs"][0]["md5"]
mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(experiment_names=["penguins"], filter_string=f"tags.dvc_md5 = '{md5}'", order_by=["metrics.loss ASC"])
runs = runs[runs["metrics.loss"].notna()]
answer_best_on_version = runs.iloc[0]["run_id"]
