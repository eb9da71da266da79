"""The pages and scripts of web/, served from a fixed manifest."""
