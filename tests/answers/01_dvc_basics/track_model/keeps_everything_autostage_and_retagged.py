# loses: nothing
# why: autostage instead of git add; tagged too early at first, then moved; on a branch of its own
!git switch -c ben/model
!dvc config core.autostage true
!git tag model-1
!dvc add models/sex.joblib
!git commit -am "Model"
!git tag -f model-1
%cd -q ..
