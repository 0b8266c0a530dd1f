"""How runs are shown: rows of the registry become what REST and the live stream answer, with a plain sentence on what
comes next. Pure: no I/O, no HTTP, no decisions.
"""
