"""The pages that people read: help pages and the overview."""
