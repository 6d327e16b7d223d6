# loses: nothing
# why: uv instead of pip, with a byte order mark
import subprocess
import sys

answer = subprocess.run(["uv", "pip", "freeze", "--python", sys.executable], capture_output=True, text=True)
with open("requirements.txt", "w", encoding="utf-8-sig") as file:
    file.write(answer.stdout)
