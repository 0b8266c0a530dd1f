"""Looks at resources: reachability now, whatever else is to be seen there later. It changes nothing."""
