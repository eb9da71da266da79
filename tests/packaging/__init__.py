"""What is installed and shipped: the wheel, environments of one part each, the images' scripts, the compose file."""
