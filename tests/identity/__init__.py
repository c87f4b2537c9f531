"""The app under an identity: what stands for Entra in the tests, and the tests of signing in."""
