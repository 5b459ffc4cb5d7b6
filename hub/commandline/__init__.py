"""The ``hub`` command: parse the arguments, run a subcommand, print its result."""
