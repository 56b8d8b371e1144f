"""The verbs of the command, a file each: a function `verb`, or a Typer `app` with verbs of its own.

The docstring of a verb is its help and ends with an example. A verb reads options, calls one thing
below and prints: data to stdout, everything else to stderr.
"""
