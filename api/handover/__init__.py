"""Other operators in a session: handing it over, and guests."""
