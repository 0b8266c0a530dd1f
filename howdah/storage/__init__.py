"""Files that are neither the platform's nor on a compute resource: registered folders, buckets, the web.

Read by input staging, written by output staging. Knows no task; whoever calls brings the secret.
"""
