"""All queries, a module for each thing. They take a session and the caller's gateway; they never commit."""
