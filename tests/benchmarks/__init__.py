"""What `benchmarks/` computes from what it measures."""
