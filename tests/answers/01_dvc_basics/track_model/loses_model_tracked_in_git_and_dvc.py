# loses: model_tracked
# why: the pointer is right, but Git has the model too
!dvc add models/sex.joblib
!git add models
!git add -f models/sex.joblib
!git commit -m "Model"
!git tag model-1
