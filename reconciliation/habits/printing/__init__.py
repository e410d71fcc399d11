"""What people print and file: papers whose bytes are the same for the same content."""
