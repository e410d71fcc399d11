"""Files other people put in a folder: bank statements."""
