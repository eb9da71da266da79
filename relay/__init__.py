"""The relay: forwards sealed messages between a host and its viewers and holds no key that opens them."""
