# loses: run_parameters, run_metrics, epoch_history, data_version_logged, code_version_logged, model_logged
# why: autolog knows neither the md5 nor the epochs nor the held-out rows
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
def log_run(repository, revision, learning_rate, seed):
    mlflow.sklearn.autolog(log_models=False)
    train_rows, validation_rows, test_rows = split(read_table(repository, revision), seed)
    with mlflow.start_run() as run:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=learning_rate))
        model.fit(train_rows[FEATURES], train_rows["sex"])
    return run.info.run_id
