# loses: model_tracked
# why: the tag names Ana's commit
!dvc add models/sex.joblib
!git tag model-1
!git add models
!git commit -m "Model"
