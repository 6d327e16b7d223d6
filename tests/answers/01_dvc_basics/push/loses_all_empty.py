# loses: remote_serves_both_versions
# why: the untouched stub
# Name a default remote, commit this setting, and send both versions to the remote.
# YOUR CODE HERE
