"""When two names are the same name: spelling, hyphens, plural, Greek letters and word order set aside."""

from __future__ import annotations

import re
import unicodedata

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "μ": "mu",
    "σ": "sigma", "ω": "omega",
}  # fmt: skip
_AMERICAN = (  # British spelling → American, inside words
    ("aem", "em"), ("oede", "ede"), ("oeso", "eso"), ("oestr", "estr"), ("oea", "ea"), ("paed", "ped"),
    ("gynaec", "gynec"), ("tumour", "tumor"), ("colour", "color"), ("sulph", "sulf"), ("fibre", "fiber"),
    ("isation", "ization"), ("ised", "ized"), ("foet", "fet"), ("caec", "cec"),
)  # fmt: skip
_SAID = {  # a word → the one that says the same in a name of a disease
    other: word
    for word, others in (
        ("kidney", "renal"), ("liver", "hepatic"), ("heart", "cardiac"), ("brain", "cerebral"), ("lung", "pulmonary"),
        ("stomach", "gastric"), ("skin", "cutaneous"), ("eye", "ocular"), ("blood", "hematologic hematological"),
        ("bone", "osseous"), ("breast", "mammary"), ("mouth", "oral"), ("muscle", "muscular"), ("artery", "arterial"),
        ("vein", "venous"), ("intestine", "intestinal"), ("colon", "colonic"), ("ovary", "ovarian"),
        ("spleen", "splenic"), ("uterus", "uterine"), ("testis", "testicular"), ("prostate", "prostatic"),
        ("pancreas", "pancreatic"), ("esophagus", "esophageal"), ("rectum", "rectal"), ("vision", "visual"),
        ("mental", "psychiatric"), ("disease", "disorder illness"), ("tumor", "neoplasm"),
        ("hemorrhage", "bleeding hemorrhagic"), ("injury", "damage"), ("seizure", "convulsion convulsive"),
        ("dysfunction", "impairment"), ("high", "elevated increased raised"), ("low", "decreased reduced"),
        ("obesity", "obese"), ("diabetes", "diabetic"), ("epilepsy", "epileptic"), ("psychosis", "psychotic"),
    )
    for other in others.split()
}  # fmt: skip
_ENDINGS = (  # of an adjective → of its noun
    ("tensive", "tension"), ("emic", "emia"), ("mbotic", "mbosis"), ("phrenic", "phrenia"), ("kinetic", "kinesia"),
    ("algesic", "algesia"), ("embolic", "embolism"), ("plegic", "plegia"), ("paretic", "paresis"),
    ("toxic", "toxicity"), ("tonic", "tonia"), ("trophic", "trophy"), ("pathic", "pathy"), ("penic", "penia"),
    ("kinetic", "kinesia"), ("rrhotic", "rrhosis"), ("thyroid", "thyroidism"), ("nsonian", "nsonism"),
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_LEFT_OUT = frozenset(("of", "the", "and", "in", "to", "for", "nos", "unspecified"))
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


def _noun(word: str) -> str:
    for adjective, noun in _ENDINGS:
        if word.endswith(adjective) and len(word) > len(adjective) + 1:
            return word.removesuffix(adjective) + noun
    return _SAID.get(word, word)


def keys(name: str) -> list[str]:
    """Keys under which a name is found, the closest first; two names with a key in common are one name: by the same
    words, by them in another order, by words that say the same.

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
    for said in (telling, sorted(map(_noun, telling))):
        key = "~" + "".join(said) if len(said) > 1 else "".join(said)
        if key and key not in found:
            found.append(key)
    return found
