"""Metrics of reading files. No label carries an id or a name."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

EXTRACTIONS = Counter("file_extractions_total", "Files whose text was asked for", ["kind", "outcome"])
EXTRACTION_SECONDS = Histogram(
    "file_extraction_seconds",
    "From a stored file to its text, waiting for a free child process included",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
