# loses: nothing
# why: changes into a new folder and back instead of giving cwd; compares text
import os
import tempfile

import papermill as pm


def is_reproducible(notebook, parameters):
    here, path = os.getcwd(), os.path.abspath(notebook)
    texts = []
    for _ in range(2):
        os.chdir(tempfile.mkdtemp(prefix="run_"))
        try:
            pm.execute_notebook(path, "executed.ipynb", parameters=parameters)
            with open("metrics.json") as file:
                texts.append(file.read())
        except Exception:
            return False
        finally:
            os.chdir(here)
    return texts[0] == texts[1]
