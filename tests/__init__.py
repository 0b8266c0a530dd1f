"""The project's tests: unit, conformance, integration, failure, e2e, architecture."""
