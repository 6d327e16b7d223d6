# loses: repeatable_is_true, changing_is_false, failing_is_false
# why: nothing was written
import json
import tempfile
from pathlib import Path

import papermill


def metrics_of(notebook, parameters):
    """Execute the notebook in a new folder; return its metrics, or None if there are none. (Yours to use or not.)"""
    # YOUR CODE HERE


def is_reproducible(notebook, parameters):
    """Say whether two executions of the notebook, each in a new folder, write the same metrics.json.

    Returns True or False; False also after an error and without metrics.json.
    """
    # YOUR CODE HERE
