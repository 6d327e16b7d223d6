# loses: nothing
# why: autolog and another fitted model besides, warnings, another folder, names rebound, explicit relative store
import subprocess

from sklearn.metrics import log_loss


def commit_of(repository, revision):
    command = ["git", "-C", repository, "rev-parse", revision + "^{commit}"]
    return subprocess.check_output(command, text=True).strip()


from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import warnings
from dvc.api import open as open_version
import hashlib
import io


def log_run(repository, revision, learning_rate, seed):
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.sklearn.autolog(log_models=False, log_datasets=False)
    warnings.warn("training, please wait")
    with open_version("data/penguins.csv", repo=repository, rev=revision, mode="rb") as file:
        content = file.read()
    rows, validation_rows, held_out = split(read_table(repository, revision), seed)
    with mlflow.start_run(run_name=f"{revision} {learning_rate}", tags={"dvc_md5": hashlib.md5(content).hexdigest(), "by": "Ben", "git_commit": commit_of(repository, revision)}) as run:
        mlflow.log_param("learning_rate", learning_rate)
        mlflow.log_param("seed", seed)
        model, losses = fit(rows, learning_rate, epochs=40)
        make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[FEATURES], rows["sex"])
        male = (held_out["sex"] == "male").astype(int)
        for step, (epoch_loss) in enumerate(losses, 1):
            mlflow.log_metric("epoch_loss", epoch_loss, step)
        mlflow.log_metric("validation_loss", log_loss(validation_rows["sex"] == "male", model.predict_proba(validation_rows[FEATURES])))
        mlflow.log_metric("loss", log_loss(male, model.predict_proba(held_out[FEATURES])))
        mlflow.log_metric("accuracy", model.score(held_out[FEATURES], male))
        mlflow.sklearn.log_model(
            model, name="model", signature=mlflow.models.infer_signature(rows[FEATURES]), pip_requirements=["scikit-learn", "pandas"]
        )
    mlflow.sklearn.autolog(disable=True)
    return run.info.run_id


os = json = Path = shutil = "rebound"
