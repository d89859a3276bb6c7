"""The reference engine's policies: the code that a competent engineer writes first. Each phase of the plan replaces one
of them."""
