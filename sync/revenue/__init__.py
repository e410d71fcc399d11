"""Revenue: when an invoiced amount is earned, by one engine per entity, and the journals where that engine is ours."""
