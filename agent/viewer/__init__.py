"""The viewer: decodes pictures, sends input; shared by headless use, windows and tests."""
