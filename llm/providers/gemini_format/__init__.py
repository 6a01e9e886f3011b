"""Gemini's own wire: what is asked, what is answered, what goes wrong. No provider itself."""
