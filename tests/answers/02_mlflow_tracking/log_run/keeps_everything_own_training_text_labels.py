# loses: nothing
# why: an SGDClassifier of its own with text labels, parent and child run, the given names taken away
from sklearn.metrics import accuracy_score, log_loss


from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import pandas
import dvc.api
import yaml
from dvc.repo import Repo
from sklearn.linear_model import SGDClassifier

given_split, columns = split, list(FEATURES)


def log_run(repository, revision, learning_rate, seed):
    with dvc.api.open("data/penguins.csv", repo=repository, rev=revision, encoding="utf-8") as f:
        table = pandas.read_csv(f)
    with dvc.api.open("data/penguins.csv.dvc", repo=repository, rev=revision) as f:
        pointer = yaml.safe_load(f)
    a, v, b = given_split(table, seed)
    model = make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate / 100, random_state=seed))
    x = model[0].fit_transform(a[columns])
    with mlflow.start_run(run_name="search"):
        with mlflow.start_run(nested=True) as child:
            mlflow.log_params(dict(learning_rate=learning_rate, seed=seed, estimator="SGD"))
            for n in range(15):
                model[1].partial_fit(x, a["sex"], classes=["female", "male"])
                mlflow.log_metric("epoch_loss", log_loss(a["sex"], model[1].predict_proba(x)), step=n)
            mlflow.log_metrics(
                {
                    "validation_loss": log_loss(v["sex"], model.predict_proba(v[columns])),
                    "loss": log_loss(b["sex"], model.predict_proba(b[columns])),
                    "accuracy": accuracy_score(b["sex"], model.predict(b[columns])),
                    "train_accuracy": model.score(a[columns], a["sex"]),
                }
            )
            mlflow.set_tag("dvc_md5", pointer["outs"][0]["md5"])
            with Repo(repository) as opened:
                mlflow.set_tag("git_commit", opened.scm.resolve_rev(revision))
            mlflow.sklearn.log_model(
                model,
                name="model",
                signature=mlflow.models.infer_signature(a[columns], model.predict(a[columns])),
                pip_requirements=["scikit-learn"],
            )
    return child.info.run_id


read_table = fit = split = pd = np = None
