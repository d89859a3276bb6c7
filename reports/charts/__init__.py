"""The charts: one module for each, which turns a feed's facts into a picture and the same in words and figures."""
