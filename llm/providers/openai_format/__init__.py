"""What vendors that speak OpenAI's format share. No provider itself."""
