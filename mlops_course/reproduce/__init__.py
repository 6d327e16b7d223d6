"""Execute a notebook twice under different surroundings and compare what it logged with MLflow.

One module a verb: `contract` reads what a notebook promises, `project` copies what it needs, `surroundings` says what
differs between two executions, `execute` runs papermill, `collect` reads the MLflow store (`isolation` is the wall
around all that reads a foreign folder, `reader` the process behind it that reads stores), `compare` finds differences,
`diagnose` searches their cause, `check` puts these together for one notebook, `report` writes what was found.
"""
