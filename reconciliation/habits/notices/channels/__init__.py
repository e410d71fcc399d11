"""How a message leaves the portal: mail, and one file per kind of room, with what its vendor wants of a message."""
