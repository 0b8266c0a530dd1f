"""What task services ask for: secrets, signed URLs, renewed capabilities. See ``howdah.contracts.exchange``."""
