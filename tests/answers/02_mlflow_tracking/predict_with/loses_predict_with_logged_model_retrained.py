# loses: predict_with_logged_model, predict_with_given_run
# why: trains a model again instead of loading the run's
import os
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

week = Path(os.environ["WEEK_09"])


def predict_with(run_id, data):
    rows = pd.read_csv(week / "seasons" / "penguins_2007.csv").dropna(subset=[*FEATURES, "sex"])
    again = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[FEATURES], rows["sex"] == "male")
    return again.predict(data)
