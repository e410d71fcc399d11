"""What tries to break the engine: the seeded simulator, the fault proxy, and checkers that trust neither."""
