# loses: best_on_version_found
# why: filters by git_revision instead of dvc_md5
# Find the run with the lowest loss on the data of the tag case["tag"].
import mlflow
import yaml

text = !git -C "{repository}" show {case["tag"]}:data/penguins.csv.dvc
md5 = yaml.safe_load("\n".join(text))["outs"][0]["md5"]
mlflow.set_tracking_uri(store)
head = !git -C "{repository}" rev-parse {case["tag"]}
runs = mlflow.search_runs(experiment_names=["penguins"], filter_string=f"tags.git_revision = '{head[0]}' and attributes.status = 'FINISHED'", order_by=["metrics.loss ASC"])
answer_best_on_version = runs.iloc[0]["run_id"]
