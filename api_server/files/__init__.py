"""Files: what users upload, and the signed URLs through which task services reach a local object store."""
