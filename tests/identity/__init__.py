"""The app under a managed identity: the tests' stand-in for Entra, and the tests of signing in."""
