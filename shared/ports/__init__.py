"""The ports: what the pipeline needs from the world, as protocols. Adapters and the tests' fakes implement them."""
