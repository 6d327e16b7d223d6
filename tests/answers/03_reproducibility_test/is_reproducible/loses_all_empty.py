# loses: same_seed_compared, other_seed_compared, failing_is_false
# why: nothing was written
import json
import tempfile
from pathlib import Path

import papermill


def metrics_of(notebook, parameters):
    """Execute the notebook in a new folder; return its metrics or None. (Yours to use or not.)"""
    # YOUR CODE HERE


def is_reproducible(notebook, parameters, other_seed):
    """Say whether the same seed gives the same metrics.json, and another seed another loss.

    Returns True or False; False also after an error and without metrics.json.
    """
    # YOUR CODE HERE
