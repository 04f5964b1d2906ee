"""The measuring stick: any data set in one common form through search and the whole pipeline, with intervals.

Knows files of public data sets, an asker and a finder; not how these are built, nor what their figures are tuned by.
"""
