"""What ties a training run to the data that it learned from: receipts, and the trackers that they are told to."""
