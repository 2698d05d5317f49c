"""How two sets of rows differ, feature by feature: profiles, tests with effect sizes, the examples, trends."""
