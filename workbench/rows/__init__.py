"""The evaluations of a replay as rows: out of the kernel, sampled, in Arrow columns, to files and to Python.

A replay passes on its evaluations slice by slice (``engine.replay.Rows``). ``sampling`` picks the requested rows,
``columns`` makes Arrow record batches of them, which own their memory. From there they go to a program as a stream
(``stream``) or to a file (``files``), which a thread encodes (``writing``) in the format of the file's name
(``formats``) while the replay goes on.
"""
