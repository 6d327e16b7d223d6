# Sets up what is missing, then runs the given command in the course's environment:
#   env\setup.ps1 jupyter lab
# Only finds a Python here (setup.sh does the same); the rest is in setup.py, which both share.
$ErrorActionPreference = "Continue"

$first = if ($env:COURSE_PYTHON) { $env:COURSE_PYTHON } else { "python" }
# The tested versions first; a newer Python only where there is no other.
foreach ($newest in 14, 99) {
  foreach ($candidate in @($first), @("py", "-3.13"), @("py", "-3.12"), @("py", "-3.11"), @("python3")) {
    $program = $candidate[0]
    $options = @($candidate | Select-Object -Skip 1)
    if (-not (Get-Command $program -ErrorAction SilentlyContinue)) { continue }
    & $program @options -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, $newest))" 2>$null
    if ($LASTEXITCODE -eq 0) { & $program @options "$PSScriptRoot\setup.py" @args; exit $LASTEXITCODE }
  }
}
[Console]::Error.WriteLine("setup: no Python 3.11 or newer was found. Install one from https://www.python.org/downloads/ (or set COURSE_PYTHON to its path), then run this again.")
exit 1
