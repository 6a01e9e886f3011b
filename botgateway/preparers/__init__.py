"""What has to be read before it can be answered: voice messages and files, each on a queue of its own."""
