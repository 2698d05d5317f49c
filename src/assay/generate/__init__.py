"""Examples that language models write: what they are asked, how many of what, and with which settings."""
