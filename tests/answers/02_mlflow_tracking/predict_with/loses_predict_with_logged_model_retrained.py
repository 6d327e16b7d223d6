# loses: predict_with_logged_model, predict_with_given_run
# why: trains a model again instead of loading the run's
def predict_with(run_id, data):
    rows = pd.read_csv(week / "seasons" / "penguins_2007.csv").dropna(subset=[*FEATURES, "sex"])
    again = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[FEATURES], rows["sex"] == "male")
    return again.predict(data)
