"""The HTTP client, its guard against forged addresses, and its errors."""
