"""The Bot API itself: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""
