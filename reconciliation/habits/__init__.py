"""How people keep order on their desk: views they come back to, and cases put off until there is something to do."""
