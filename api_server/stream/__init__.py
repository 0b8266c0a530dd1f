"""The live feed: hub and SSE endpoint."""
