"""Proofs that the log is whole: Merkle tree, checkpoints, and a verifier that needs nothing but Python.

The modules that `standalone.MODULES` names import Python's own library and each other alone: one file is made of
them, which an auditor runs without assay.
"""
