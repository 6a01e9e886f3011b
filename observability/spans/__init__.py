"""Spans of every process: made by `tracing`, kept in MongoDB, sent on by OTLP, shown in the admin."""
