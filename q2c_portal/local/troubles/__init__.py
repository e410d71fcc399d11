"""Real causes of every reason the catalogue knows, for the demo: dirty data, faults, late events, edited books."""
