# loses: nothing
# why: the folder models is tracked as one
!dvc add models
!git add .
!git commit -m "Models folder"
!git tag model-1
