"""The commands behind the notebooks, for instructors and CI. No notebook imports this package."""
