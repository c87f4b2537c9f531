"""What is published: services, endpoints, and the models that they serve."""
