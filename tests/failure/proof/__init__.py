"""The promises, proven: drivers that hurt the running platform, and a witness that counts without asking it.

``python -m tests.failure.proof --help``; ``make proof`` runs all of it in full.
"""
