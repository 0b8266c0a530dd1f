"""What every router shares: problem+json, paging, idempotency, dependencies."""
