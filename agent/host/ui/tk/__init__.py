"""The window's own process: draws what it is told, tells what was pressed; JSON lines on stdin and stdout."""
