"""What the stand-in knows: chats, messages, queued updates, files and commands."""
