# loses: nothing
# why: DataFrames; NumPy numbers; another folder, names rebound afterwards
import pandas as pd

points = mlflow.MlflowClient().get_metric_history(long_run, "validation_loss")
curve = pd.Series({point.step: point.value for point in points})
best_epoch = curve.idxmin()
table = mlflow.search_runs(search_all_experiments=True)
children = (table["tags.mlflow.parentRunId"] == search_run).sum()
tracking = numbers = right = logged = None
%cd ..
