# loses: nothing
# why: MlflowClient instead of the fluent functions, git show for the pointer
import subprocess
import time

from sklearn.metrics import log_loss

from mlflow.entities import Metric, Param, RunTag


def log_run(repository, revision, learning_rate, seed):
    text = subprocess.check_output(["git", "-C", repository, "show", revision + ":data/penguins.csv.dvc"], text=True)
    md5 = next(line.split()[-1] for line in text.splitlines() if "md5:" in line)
    listed = subprocess.check_output(["git", "-C", repository, "log", "-1", "--format=%H", revision, "--"], text=True)
    commit = listed.strip()
    rows, checked, held_out = split(read_table(repository, revision), seed)
    model, losses = fit(rows, learning_rate, 12)
    male = held_out["sex"].eq("male")
    now = int(time.time() * 1000)
    client = mlflow.MlflowClient()
    experiment = mlflow.set_experiment("Ben's own")
    run = client.create_run(experiment.experiment_id)
    id = run.info.run_id
    client.log_batch(
        id,
        metrics=[Metric("epoch_loss", v, now, i) for i, v in enumerate(losses, start=1)]
        + [
            Metric("accuracy", float((model.predict(held_out[FEATURES]) == male).mean()), now, 0),
            Metric("validation_loss", log_loss(checked["sex"].eq("male"), model.predict_proba(checked[FEATURES])[:, 1]), now, 0),
            Metric("loss", log_loss(male, model.predict_proba(held_out[FEATURES])[:, 1]), now, 0),
        ],
        params=[Param("learning_rate", str(learning_rate)), Param("seed", str(seed)), Param("epochs", "12")],
        tags=[RunTag("dvc_md5", md5), RunTag("git_commit", commit)],
    )
    with mlflow.start_run(run_id=id):
        mlflow.sklearn.log_model(
            model, artifact_path="model", input_example=held_out[FEATURES].head(2), pip_requirements=["scikit-learn"]
        )
    client.set_terminated(id)
    return id
