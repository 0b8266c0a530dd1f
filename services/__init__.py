"""One folder per task microservice."""
