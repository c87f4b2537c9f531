"""From the text of a CSV to typed columns, and back."""
