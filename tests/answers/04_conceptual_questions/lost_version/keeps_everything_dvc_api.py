# loses: nothing
# why: asks DVC for every tag; the exception is the answer
# Find the tag whose data cannot be restored from the remote.
import dvc.api

tags = !git -C "{repository}" tag
for tag in tags:
    try:
        dvc.api.read("data/penguins.csv", repo=str(repository), rev=tag)
    except Exception as error:
        print(tag, error)
        answer_lost_version = tag
