"""The ``hub`` command: parse the arguments, run one subcommand, print what a person reads."""
