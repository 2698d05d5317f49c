"""What came of training runs: results of evaluations, read from the files of the tools that made them."""
