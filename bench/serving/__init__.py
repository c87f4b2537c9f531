"""The second part of the benchmark: the studio's scoring and training beside what one would use instead."""
