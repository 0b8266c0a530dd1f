"""How fast the console is, in headless Chromium against the real API server and PostgreSQL: ``make bench-console``."""
