"""What a person types: one module for each command of `landfall`, or for a group of them."""
