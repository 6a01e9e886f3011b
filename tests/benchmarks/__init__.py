"""The benchmark of the whole product: `python -m tests.benchmarks [scenario …] [--quick] [--json FILE]`."""
