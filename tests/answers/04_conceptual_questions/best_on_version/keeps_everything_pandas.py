# loses: nothing
# why: search_runs as a table, with pandas; NumPy's idxmin leaves NaN out
# Find the run with the lowest loss on the data of the tag case["tag"].
import mlflow
import yaml

text = !git -C "{repository}" show {case["tag"]}:data/penguins.csv.dvc
md5 = yaml.safe_load("\n".join(text))["outs"][0]["md5"]
mlflow.set_tracking_uri(store)
runs = mlflow.search_runs(search_all_experiments=True)
runs = runs[(runs["tags.dvc_md5"] == md5) & (runs["status"] == "FINISHED")]
answer_best_on_version = runs.loc[runs["metrics.loss"].idxmin(), "run_id"]
