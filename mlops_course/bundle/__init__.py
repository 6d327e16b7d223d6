"""The students' copy of the course: `course bundle`."""
