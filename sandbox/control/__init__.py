"""The control API under `/sandbox/api/`: people, faults, limits and what was recorded."""
