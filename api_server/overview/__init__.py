"""What runs, what waits, and why: counted over a whole gateway, for whoever looks after it."""
