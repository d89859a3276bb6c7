"""The evaluations of a replay as rows: out of the kernel, sampled, in Arrow columns, to files and to Python.

A replay hands over its evaluations slice by slice (``engine.replay.Rows``). ``sampling`` picks the rows that were asked
for, ``columns`` makes Arrow record batches of them, which own their memory. From there they go to a program as a
stream (``stream``) or to a file (``files``), which a thread encodes (``writing``) in the format that the file's name
says (``formats``) while the replay goes on.
"""
