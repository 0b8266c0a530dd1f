"""The object store behind fsspec and its signed URLs."""
