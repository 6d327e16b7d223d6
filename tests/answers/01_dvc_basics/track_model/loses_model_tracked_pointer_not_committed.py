# loses: model_tracked
# why: git commit --all leaves new files out, so the tag names Ana's old commit
!dvc add models/sex.joblib
!git commit --all -m "Model"
!git tag model-1
