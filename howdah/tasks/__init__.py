"""The SDK to write a task microservice: ``@task``, ``TaskContext``, ``run_service``."""
