"""`python -m mailflow` is the command `mailflow`."""

from mailflow.cli import main

main()
