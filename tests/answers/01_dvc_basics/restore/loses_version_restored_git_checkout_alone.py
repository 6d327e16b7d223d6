# loses: version_restored
# why: git checkout moves the pointer, the working file stays as it was
!git checkout v2007
