"""Language models as judges of examples."""
