"""A deterministic simulator: the production pipeline, two or three workers, and everything that can go wrong.

One seed is one schedule. The services are fakes, the code between them is what runs in Azure: the transition function,
the pipeline, and the adapters of both tables down to the SDK's client.
"""
