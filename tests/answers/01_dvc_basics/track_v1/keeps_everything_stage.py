# loses: nothing
# why: a pipeline's output is under DVC, too: dvc.yaml and dvc.lock instead of a pointer file
!git init --quiet
!dvc init --quiet
import pathlib

pathlib.Path("data").mkdir()
pathlib.Path("fetch.py").write_text(
    "import shutil; shutil.copyfile('../incoming/penguins_2007.csv', 'data/penguins.csv')"
)
!dvc stage add --quiet --name fetch --deps fetch.py --outs data/penguins.csv python fetch.py
!dvc repro --quiet
!git add .
!git commit --quiet -m "A stage makes the table"
!git tag v2007
