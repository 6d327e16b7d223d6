#!/usr/bin/env bash
# Sets up what is missing, then runs the given command in the course's environment:
#   bash env/setup.sh jupyter lab
# Only finds a Python here (setup.ps1 does the same); the rest is in setup.py, which both share.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# The tested versions first; a newer Python only where there is no other.
for newest in 14 99; do
  for candidate in "${COURSE_PYTHON:-python3}" python3.13 python3.12 python3.11 python; do
    if "$candidate" -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, $newest))" >/dev/null 2>&1; then
      exec "$candidate" "$here/setup.py" "$@"
    fi
  done
done
echo "setup: no Python 3.11 or newer was found. Install one from https://www.python.org/downloads/ (or set COURSE_PYTHON to its path), then run this again." >&2
exit 1
