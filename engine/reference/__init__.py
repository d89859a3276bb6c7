"""The reference engine's policies: what a competent engineer writes first. Each phase of the plan replaces one of
them."""
