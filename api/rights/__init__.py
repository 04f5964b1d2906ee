"""What is due to the people whose data is here: one person's data found, exported and erased over every store, and a whole
tenant's.

Knows every table by its treatment (`stores`); knows nothing of HTTP.
"""
