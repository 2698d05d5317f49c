"""The registry with a face: pages for people, JSON for programs, from one function each."""
