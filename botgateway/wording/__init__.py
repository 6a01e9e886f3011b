"""Everything Butler says by itself: phrases by name, their words in `templates/phrases/<language>/<area>.toml`."""
