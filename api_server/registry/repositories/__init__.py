"""All queries, one module for each thing. They take a session or connection and the caller's gateway; they never commit."""
