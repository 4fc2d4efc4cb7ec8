"""When two names are the same name: spelling, hyphens, plural, Greek letters and word order set aside."""

from __future__ import annotations

import re
import unicodedata

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "μ": "mu",
    "σ": "sigma", "ω": "omega",
}  # fmt: skip
_AMERICAN = (  # British spelling → American, inside words
    ("aem", "em"), ("oede", "ede"), ("oeso", "eso"), ("oea", "ea"), ("paed", "ped"),
    ("gynaec", "gynec"), ("tumour", "tumor"), ("colour", "color"), ("sulph", "sulf"), ("fibre", "fiber"),
    ("isation", "ization"), ("ised", "ized"), ("foet", "fet"), ("caec", "cec"),
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_LEFT_OUT = frozenset(("of", "the", "a", "an", "and", "in", "to", "for", "nos", "unspecified"))
SHORT = 4  # letters and digits up to which a name with capitals counts as a short form


def words(name: str) -> list[str]:
    """The words of a name in their plain form."""
    marked = unicodedata.normalize("NFKD", name).casefold().replace("’", "'").replace("'s", "")
    text = "".join(c for c in marked if not unicodedata.combining(c))
    for letter, spelled in _GREEK.items():
        text = text.replace(letter, spelled)
    for british, american in _AMERICAN:
        text = text.replace(british, american)
    return [_singular(word) for word in _WORD.findall(text)]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def keys(name: str) -> list[str]:
    """Keys under which a name is found, the closest first; two names with a key in common are one name.

    A short form ("ALL", "MET", "mTOR") has one key of its own, so that it never meets the common word.
    """
    bare = "".join(_WORD.findall(name))
    capitals = sum(c.isupper() for c in bare)
    if len(bare) <= SHORT and ((bare.upper() == bare and capitals) or capitals > 1):
        return [f"={bare.upper()}"]
    plain = words(name)
    if not plain:
        return []
    found = ["".join(plain)]
    telling = sorted(word for word in plain if word not in _LEFT_OUT)
    if len(telling) > 1:
        found.append("~" + "".join(telling))
    return found
