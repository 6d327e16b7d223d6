# loses: requirements_complete
# why: only the packages that are imported, not what they need
import importlib.metadata

direct = ["jupyterlab", "nbgrader", "papermill", "mlflow", "dvc", "scikit-learn", "pandas", "matplotlib", "numpy"]
with open("requirements.txt", "w") as file:
    for package in direct:
        file.write(f"{package}=={importlib.metadata.version(package)}\n")
