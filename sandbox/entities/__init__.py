"""Formatted text: parsing, repairing, detecting and rendering message entities."""
