"""The deployed function app's own package: pure modules, ports, pipeline, adapters, wiring."""
