"""Speech to text on this machine. `transcriber` is the way in; `whisper` is how it is done."""
