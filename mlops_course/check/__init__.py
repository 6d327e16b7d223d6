"""`course check`: which deliverables of an assignment are there, which are not, and what to do next."""
