"""What people ask of the app, and what it answers them."""
