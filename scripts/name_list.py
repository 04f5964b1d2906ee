"""Writes `guardrails/data/names.txt` anew: names of people from the packages Faker and names, folded, by how sure they are.

    pip install faker names english-words      # none of them is needed to run the product
    python scripts/name_list.py

Faker's person providers give names of 70 languages and regions (MIT), the package `names` those of the United States census of 1990
(public domain), Webster's Second of 1934 (public domain, in `english-words`) the words that are names, too.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from guardrails.gazetteer import fold

TARGET = Path(__file__).parents[1] / "guardrails" / "data" / "names.txt"
_SHAPE = re.compile(r"[a-z]{2,24}(?:['-][a-z]{2,24})*")
_CENSUS = {"given": (("dist.female.first", 4000), ("dist.male.first", 2000)), "surname": (("dist.all.last", 25_000),)}
"""Files of the census and how many of their most frequent names are taken."""


def shaped(names: Iterator[str]) -> set[str]:
    parts = {fold(part).strip("'.-") for name in names for part in name.split()}
    return {part for part in parts if _SHAPE.fullmatch(part)}


def of_faker(kind: str) -> Iterator[str]:
    import faker.providers.person

    for module in pkgutil.iter_modules(faker.providers.person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in dir(provider):
            value = getattr(provider, attribute)
            if kind in attribute and isinstance(value, (tuple, list, dict)):
                yield from (name for name in value if isinstance(name, str))


def of_census(kind: str) -> Iterator[str]:
    import names

    for file, most in _CENSUS[kind]:
        lines = (Path(names.__file__).parent / file).read_text().splitlines()
        yield from (line.split()[0] for line in lines[:most])


def english() -> set[str]:
    from english_words import get_english_words_set

    return {word for word in get_english_words_set(["web2"]) if word.islower()}


def main() -> None:
    given = shaped(of_faker("first")) | shaped(of_census("given"))
    surname = shaped(of_faker("last")) | shaped(of_census("surname"))
    words = (given | surname) & english()
    sections = {"given": given - words, "surname": surname - given - words, "word": words}
    text = "".join(
        f"[{section}]\n{textwrap.fill(' '.join(sorted(names)), 120, break_on_hyphens=False)}\n"
        for section, names in sections.items()
    )
    TARGET.write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
