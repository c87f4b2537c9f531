"""What is stored of runs and endpoints (pure)."""
