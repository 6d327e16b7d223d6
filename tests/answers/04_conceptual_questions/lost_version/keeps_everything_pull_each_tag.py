# loses: nothing
# why: checks each tag out and pulls; leaves the working tree at the lost one, noise on stderr
# Find the tag whose data cannot be restored from the remote.
import subprocess
import sys
import warnings

warnings.warn("noise")
answer_lost_version = ""
for tag in subprocess.check_output(["git", "-C", str(repository), "tag"], text=True).split():
    subprocess.run(["git", "checkout", "--quiet", tag], cwd=repository, check=True)
    pull = subprocess.run([sys.executable, "-m", "dvc", "pull", "--quiet"], cwd=repository, capture_output=True)
    if pull.returncode:
        answer_lost_version = tag
        break
