# loses: data_version_logged
# why: the variable of the notebook instead of the argument
import subprocess

from sklearn.metrics import accuracy_score, log_loss


def commit_of(repository, revision):
    command = ["git", "-C", repository, "rev-parse", revision + "^{commit}"]
    return subprocess.check_output(command, text=True).strip()


ana = repository

import hashlib, json, subprocess
from mlflow.models import infer_signature


def log_run(repository, revision, learning_rate, seed):
    with mlflow.start_run() as run:
        mlflow.log_params({"learning_rate": learning_rate, "seed": seed})
        md5 = yaml.safe_load(dvc.api.read("data/penguins.csv.dvc", repo=ana, rev=revision))["outs"][0]["md5"]
        mlflow.set_tag("dvc_md5", md5)
        mlflow.set_tag("git_commit", commit_of(repository, revision))
        train_rows, validation_rows, test_rows = split(read_table(ana, revision), seed)
        model, losses = fit(train_rows, learning_rate, 25)
        for epoch, loss in enumerate(losses):
            mlflow.log_metric("epoch_loss", loss, step=epoch)
        y = (test_rows["sex"] == "male").astype(int)
        accuracy = accuracy_score(y, model.predict(test_rows[FEATURES]))
        loss = log_loss(y, model.predict_proba(test_rows[FEATURES]))
        mlflow.log_metrics({"accuracy": accuracy, "loss": loss, "validation_loss": log_loss(validation_rows["sex"] == "male", model.predict_proba(validation_rows[FEATURES]))})
        mlflow.sklearn.log_model(model, name="model", signature=infer_signature(test_rows[FEATURES], model.predict(test_rows[FEATURES])), pip_requirements=["scikit-learn"])
    return run.info.run_id
