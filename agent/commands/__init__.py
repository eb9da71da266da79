"""The commands of `tasuki`, a module per group."""
