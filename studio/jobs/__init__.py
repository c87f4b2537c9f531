"""The queue of batch jobs, and what runs them."""
