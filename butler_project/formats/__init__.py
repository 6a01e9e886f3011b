"""How the admin site writes times: short, so that a row of a list takes one line."""
