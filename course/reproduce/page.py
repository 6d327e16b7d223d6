"""Placeholder."""
def render(report, content): return "<p>todo"
