"""One file per flow from source event to deliveries; each step is a pure function that may say why it cannot go on."""
