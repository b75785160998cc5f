"""`python -m petiole` is the `petiole` command."""

from petiole.main import main

main()
