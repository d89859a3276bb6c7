"""The charts: one module for each, which turns the view of a feed into a picture and the same in words and figures."""
