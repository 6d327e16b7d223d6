# loses: nothing
# why: pandas and scikit-learn, every random_state set; a warning on stderr
%%writefile repaired.py
import glob
import os
import sys
import warnings

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.warn("noise on stderr", stacklevel=1)
columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def fit(path: str, seed: int) -> dict:
    print("reading", path, file=sys.stderr)
    table = pd.concat([pd.read_csv(name) for name in sorted(glob.glob(os.path.join(path, "*.csv")))], ignore_index=True)
    table = table.dropna(subset=[*columns, "sex"])
    train, test = train_test_split(table, test_size=0.3, random_state=seed, stratify=table["sex"])
    model = make_pipeline(StandardScaler(), LogisticRegression(random_state=seed))
    model.fit(train[columns], train["sex"])
    return {
        "accuracy": accuracy_score(test["sex"], model.predict(test[columns])),
        "loss": log_loss(test["sex"], model.predict_proba(test[columns])),
        "model": model,
    }
