"""What is done with variants: verify, measure, record, report. The command line is `workbench.cli`."""
