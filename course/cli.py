"""`course`: placeholder until reproduce lands."""
