"""What a change of data did to the models that learned from it."""
