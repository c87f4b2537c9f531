"""The benchmark: its proxy, its report, and a small real run."""
