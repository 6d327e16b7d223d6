# loses: code_version_logged
# why: the name of the revision, which may move
import subprocess

from sklearn.metrics import accuracy_score, log_loss


def commit_of(repository, revision):
    command = ["git", "-C", repository, "rev-parse", revision + "^{commit}"]
    return subprocess.check_output(command, text=True).strip()


def log_run(repository, revision, learning_rate, seed):
    pointer = yaml.safe_load(dvc.api.read("data/penguins.csv.dvc", repo=repository, rev=revision))
    with mlflow.start_run() as run:
        mlflow.log_param("learning_rate", learning_rate)
        mlflow.log_param("seed", seed)
        mlflow.set_tag("dvc_md5", pointer["outs"][0]["md5"])
        mlflow.set_tag("git_commit", revision)
        train_rows, validation_rows, held_out_rows = split(read_table(repository, revision), seed)
        model, losses = fit(train_rows, learning_rate, epochs=10)
        for epoch, loss in enumerate(losses):
            mlflow.log_metric("epoch_loss", loss, step=epoch)
        inputs, is_male = held_out_rows[FEATURES], held_out_rows["sex"] == "male"
        predictions = model.predict(inputs)
        mlflow.log_metric("accuracy", accuracy_score(is_male, predictions))
        mlflow.log_metric("validation_loss", log_loss(validation_rows["sex"] == "male", model.predict_proba(validation_rows[FEATURES])))
        mlflow.log_metric("loss", log_loss(is_male, model.predict_proba(inputs)))
        signature = mlflow.models.infer_signature(inputs, predictions)
        mlflow.sklearn.log_model(model, name="model", signature=signature, pip_requirements=["scikit-learn"])
    return run.info.run_id
