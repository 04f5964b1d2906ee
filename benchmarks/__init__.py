"""How fast, how large: each module measures one promise of the product beside the bare libraries that it is made of.

`python -m benchmarks` runs them all, `python -m benchmarks NAME --help` says what one of them measures and takes.
"""
