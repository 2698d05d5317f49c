"""Who may do what: one table of roles, and the ways in which somebody shows who he is."""
