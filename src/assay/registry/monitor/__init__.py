"""What is measured of versions, and how it moves: profiles, drift, trends, collapse."""
