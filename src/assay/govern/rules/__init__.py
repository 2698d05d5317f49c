"""The rules that a policy is made of, one a file. The docstring of each is its page in docs/policies/."""
