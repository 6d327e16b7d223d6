# loses: requirements_pinned, requirements_complete
# why: the file lies in another folder, where nobody looks for it
%cd work
!python -m pip freeze > requirements.txt
