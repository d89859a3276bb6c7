"""The processes that lobench starts, their ends, and the resources they share with others.

``starting`` writes the command line of each, ``child`` is how it begins, ``interrupts`` lets one be ended between two
steps of work. ``claimed_folders`` are cleaned up after a process that was killed, ``file_lock`` lets one write at a
time, ``resource_limits`` says in a line that memory or open files ran out.
"""
