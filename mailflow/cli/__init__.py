"""The commands: what an operator types and reads.

`app` gathers them and turns errors into exit codes; `opening` reaches the house that the
configuration names, and `screen` writes for people or for programs. The CLI knows no tables.
"""

from mailflow.cli.app import main

__all__ = ["main"]
