# loses: nothing
# why: compares two rows of search_runs and answers with the column's name; leaves another folder
# Find the recorded key in which the two runs of case["pair"] differ.
import mlflow

mlflow.set_tracking_uri(store)
table = mlflow.search_runs(experiment_names=["penguins"]).set_index("run_id").loc[case["pair"]]
columns = [name for name in table.columns if name.startswith(("tags.", "params.")) and ".mlflow." not in name]
values = table[columns].dropna(axis="columns", how="all")
(answer_differing_key,) = [name for name in values.columns if values[name].nunique(dropna=False) > 1]
%cd ..
