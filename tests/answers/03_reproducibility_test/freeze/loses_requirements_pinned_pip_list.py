# loses: requirements_pinned
# why: pip list writes a table, which pip cannot install from
!python -m pip list > requirements.txt
