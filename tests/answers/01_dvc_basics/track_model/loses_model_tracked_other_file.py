# loses: model_tracked
# why: a copy in another place was tracked, the model is only ignored
import shutil
from pathlib import Path

shutil.copy("models/sex.joblib", "sex.joblib")
!dvc add sex.joblib
Path("models/.gitignore").write_text("sex.joblib")
!git add .
!git commit -m "Model"
!git tag model-1
