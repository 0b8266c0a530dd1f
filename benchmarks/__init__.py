"""Side-by-side measurements, one command each. Never asserted in a test."""
