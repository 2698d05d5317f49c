"""What is known of one example, and how far it reached."""
