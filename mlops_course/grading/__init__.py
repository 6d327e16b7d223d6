"""`course grade`: sanitise, execute, score. Only this process touches the gradebook; it never runs a student's code."""
