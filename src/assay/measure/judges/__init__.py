"""How far a judge can be believed: its verdicts against people's, and its known biases."""
