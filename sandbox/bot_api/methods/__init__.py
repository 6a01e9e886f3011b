"""The methods of the Bot API, grouped as in its documentation."""
