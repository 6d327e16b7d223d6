# loses: nothing
# why: a DataFrame, warnings, another folder, names rebound
import warnings
import numpy as np


def best_run(experiment):
    warnings.warn("searching")
    table = mlflow.search_runs(experiment_names=[experiment])
    if "metrics.validation_loss" not in table.columns:
        raise ValueError("no losses")
    table = table.query("status == 'FINISHED'").set_index("run_id")["metrics.validation_loss"]
    table = table.replace([np.inf, np.finfo(float).max], np.nan).dropna()
    if not len(table):
        raise ValueError("no run qualifies")
    return str(table.idxmin())


os = Path = client = json = "rebound"
%cd ..
