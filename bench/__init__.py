"""The benchmark of docs/benchmarks.md: generated data, the servers side by side, and the floor under them."""
