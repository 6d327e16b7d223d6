# loses: model_tracked
# why: the model went into Git
!git add models/sex.joblib
!git commit -m "Model"
!git tag model-1
