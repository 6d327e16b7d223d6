# loses: data_version_logged
# why: checks out the revision by force and stays there: unfinished work in the repository is gone
import subprocess

from sklearn.metrics import accuracy_score, log_loss


def commit_of(repository, revision):
    command = ["git", "-C", repository, "rev-parse", revision + "^{commit}"]
    return subprocess.check_output(command, text=True).strip()


import subprocess

import yaml


def log_run(repository, revision, learning_rate, seed):
    """Train on the data of one revision and log one complete MLflow run.

    Parameters: repository, the path of a Git and DVC repository; revision, a tag, branch or
    hash; learning_rate; seed, for the split.

    Returns: the run id.

    Logs: params learning_rate, seed; metrics validation_loss, loss, accuracy, epoch_loss (with
    steps); tags dvc_md5 and git_commit (both of the revision); model "model" with a signature.
    """
    subprocess.run(["git", "checkout", "--quiet", "--force", revision], cwd=repository, check=True)
    subprocess.run(["dvc", "checkout", "--quiet", "--force"], cwd=repository, check=True)
    pointer = yaml.safe_load(dvc.api.read("data/penguins.csv.dvc", repo=repository, rev=revision))
    with mlflow.start_run() as run:
        mlflow.log_params({"learning_rate": learning_rate, "seed": seed})
        mlflow.set_tag("dvc_md5", pointer["outs"][0]["md5"])
        mlflow.set_tag("git_commit", commit_of(repository, revision))
        train_rows, validation_rows, held_out_rows = split(read_table(repository, revision), seed)
        model, losses = fit(train_rows, learning_rate, epochs=30)
        for epoch, loss in enumerate(losses):
            mlflow.log_metric("epoch_loss", loss, step=epoch)
        inputs, is_male = held_out_rows[FEATURES], held_out_rows["sex"] == "male"
        predictions = model.predict(inputs)
        mlflow.log_metric("accuracy", accuracy_score(is_male, predictions))
        mlflow.log_metric("validation_loss", log_loss(validation_rows["sex"] == "male", model.predict_proba(validation_rows[FEATURES])))
        mlflow.log_metric("loss", log_loss(is_male, model.predict_proba(inputs)))
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=mlflow.models.infer_signature(inputs, predictions),
            pip_requirements=["scikit-learn"],
        )
    return run.info.run_id
