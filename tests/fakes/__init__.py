"""In-memory implementations of the ports, under the same contract suite as the real ones."""
