# loses: nothing
# why: by the id of the logged model; a Series with the index of data; noisy, another folder, names rebound
import warnings

import pandas
from mlflow.sklearn import load_model


def predict_with(run_id, data):
    warnings.warn("loading")
    outputs = mlflow.get_run(run_id).outputs.model_outputs
    chosen = load_model(f"models:/{outputs[0].model_id}")
    return pandas.Series(chosen.predict(data[FEATURES]), index=data.index, name="male")


os = Path = json = model = run_ids_of = "rebound"
%cd ..
