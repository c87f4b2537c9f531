"""Each route's services are those of its own engine."""
