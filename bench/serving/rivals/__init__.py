"""What the studio is measured against; each of these programs runs in an environment of its own."""
