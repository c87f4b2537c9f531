"""The programs that the studio is compared with; each runs in a virtual environment of its own."""
