# loses: best_on_version_found
# why: the default store: a new, empty one in the current folder
# Find the run with the lowest loss on the data of the tag case["tag"].
import mlflow

mlflow.set_tracking_uri("sqlite:///mlflow.db")
runs = mlflow.search_runs(search_all_experiments=True)
answer_best_on_version = runs.iloc[0]["run_id"]
