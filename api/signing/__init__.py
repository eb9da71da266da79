"""Keys that sign tokens, and the statements and tickets signed with them."""
