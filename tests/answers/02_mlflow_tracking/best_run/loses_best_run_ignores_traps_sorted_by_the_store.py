# loses: best_run_ignores_traps
# why: the store puts nan and infinity last, and they are taken when nothing else is there
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], filter_string="attributes.status = 'FINISHED'", order_by=["metrics.validation_loss ASC"], output_format="list")
    if not runs:
        raise ValueError("no finished run")
    return runs[0].info.run_id
