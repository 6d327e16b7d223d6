# loses: model_tracked
# why: the untouched stub
# Track models/sex.joblib with DVC, commit, and name the commit model-1.
# YOUR CODE HERE
