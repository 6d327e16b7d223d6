# loses: remote_serves_both_versions
# why: the remote is the repository's own cache: nothing is ever sent anywhere
from pathlib import Path

!dvc remote add --default storage "{Path.cwd() / '.dvc' / 'cache'}"
!git commit --quiet --all --message "Name the remote"
!dvc push
