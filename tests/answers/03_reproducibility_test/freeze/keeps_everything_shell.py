# loses: nothing
# why: pip freeze in the shell, with the editable course package and comments
!echo "# frozen for Chloe" > requirements.txt
!python -m pip freeze >> requirements.txt
%cd work
os = "linux"
