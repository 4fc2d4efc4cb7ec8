"""`python -m oncogloss.cli` is the command `oncogloss`."""

from oncogloss.cli import main

main()
