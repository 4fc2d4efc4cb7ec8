"""When two names are the same name: spelling, hyphens, plural, Greek letters, numerals and word order set aside."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "θ": "theta", "κ": "kappa",
    "λ": "lambda", "μ": "mu", "τ": "tau", "φ": "phi", "σ": "sigma", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_AMERICAN = (  # British spelling → American, inside words; what it does to other words it does to both names
    ("umour", "umor"), ("colour", "color"), ("haviour", "havior"), ("labour", "labor"), ("sulph", "sulf"),
    ("fibre", "fiber"), ("centre", "center"), ("litre", "liter"), ("titre", "titer"), ("programme", "program"),
    ("isation", "ization"), ("ised", "ized"), ("ising", "izing"), ("alyse", "alyze"), ("elled", "eled"),
    ("elling", "eling"), ("alling", "aling"),
)  # fmt: skip
_NUMERALS = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "x": "10",
}  # fmt: skip
_NUMERAL = re.compile(
    rf"\b(type|stage|phase|grade|class|group|factor|topoisomerase|level|degree)( |-)({'|'.join(_NUMERALS)})(?=[abc]?\b)"
)
_PREFIX = re.compile(r"\b(non|pre|post|anti|peri)[- ](?=[a-z]{3})")
_ALIKE = (  # letters that are there, one way to write it → another, in words without capitals
    ("o-", re.compile(r"\b([a-z]{3,}o)-(?=[a-z]{3})"), r"\1"),
    ("e", re.compile(r"(?:a|oo?)e(?=[a-z])"), "e"),  # British, and behind the "o" of a prefix American too
    ("leuc", re.compile(r"\bleuc(?=[ao])"), "leuk"),
    ("il", re.compile(r"\bil[- ]?(?=\d)"), "interleukin "),
    ("ifn", re.compile(r"\bifn\b"), "interferon"),
    ("alfa", re.compile(r"\balfa\b"), "alpha"),
    ("central", re.compile(r"\bcentral nervous system\b"), "cns"),
)
_PLURAL = (  # endings of more than one → of one
    ("stases", "stasis"), ("gnoses", "gnosis"), ("croses", "crosis"), ("broses", "brosis"), ("mboses", "mbosis"),
    ("theses", "thesis"), ("omata", "oma"), ("viruses", "virus"), ("sinuses", "sinus"), ("thrombi", "thrombus"),
    ("emboli", "embolus"), ("nevi", "nevus"), ("sses", "ss"), ("xes", "x"), ("ies", "y"),
)  # fmt: skip
_SAID_BY = (  # the word that stands for others that say the same in a name of a disease or procedure
    # organs: what nouns and adjectives name alike; not "bowel" for "colorectal", which says less
    ("renal", "kidney"), ("hepatic", "liver"), ("cardiac", "heart"), ("cerebral", "brain cerebrum"),
    ("pulmonary", "lung"), ("gastric", "stomach"), ("cutaneous", "skin"), ("ocular", "eye"),
    ("blood", "hematologic hematological hematopoietic"), ("bone", "osseous"), ("breast", "mammary"),
    ("oral", "mouth"), ("muscle", "muscular"), ("arterial", "artery"), ("venous", "vein"), ("vascular", "vessel"),
    ("intestinal", "intestine bowel"), ("colonic", "colon"), ("rectal", "rectum"), ("anal", "anus"),
    ("duodenal", "duodenum"), ("jejunal", "jejunum"), ("ileal", "ileum"), ("cecal", "cecum"),
    ("appendiceal", "appendix"), ("ovarian", "ovary"), ("splenic", "spleen"), ("uterine", "uterus womb"),
    ("cervical", "cervix"), ("endometrial", "endometrium"), ("vaginal", "vagina"), ("vulvar", "vulva vulval"),
    ("penile", "penis"), ("testicular", "testis testicle"), ("prostatic", "prostate"), ("urethral", "urethra"),
    ("ureteral", "ureter ureteric"), ("urothelial", "urothelium"), ("pancreatic", "pancreas"),
    ("esophageal", "esophagus gullet"), ("laryngeal", "larynx"), ("pharyngeal", "pharynx"),
    ("nasopharyngeal", "nasopharynx"), ("oropharyngeal", "oropharynx"), ("hypopharyngeal", "hypopharynx"),
    ("tracheal", "trachea windpipe"), ("bronchial", "bronchus"), ("pleural", "pleura"), ("thymic", "thymus"),
    ("tonsillar", "tonsil"), ("lingual", "tongue"), ("gingival", "gum gingiva"), ("nasal", "nose"),
    ("dental", "tooth"), ("peritoneal", "peritoneum"), ("mediastinal", "mediastinum"), ("pericardial", "pericardium"),
    ("myocardial", "myocardium"), ("aortic", "aorta"), ("valvular", "valve"), ("retinal", "retina"),
    ("uveal", "uvea"), ("conjunctival", "conjunctiva"), ("corneal", "cornea"), ("spinal", "spine"),
    ("pelvic", "pelvis"), ("abdominal", "abdomen"), ("facial", "face"), ("mucosal", "mucosa"), ("articular", "joint"),
    ("placental", "placenta"), ("cerebellar", "cerebellum"), ("meningeal", "meninges"), ("visual", "vision"),
    # what befalls them
    ("psychiatric", "mental"), ("disease", "disorder illness disturbance condition"), ("tumor", "neoplasm"),
    ("metastasis", "metastatic"),
    ("bleeding", "hemorrhage hemorrhagic"), ("injury", "damage"), ("seizure", "convulsion convulsive"),
    ("dysfunction", "impairment deficit"), ("high", "elevated increased raised"), ("low", "decreased reduced"),
    ("malformation", "anomaly abnormality"), ("infection", "infected"), ("infarction", "infarct"),
    ("depression", "depressed depressive"), ("dementia", "demented"), ("palsy", "paralysis"), ("obesity", "obese"),
    ("diabetes", "diabetic"), ("epilepsy", "epileptic"), ("psychosis", "psychotic"),
    # what is done about them
    ("radiotherapy", "irradiation radiation"), ("transplant", "transplantation"), ("removal", "excision"),
    ("surgery", "operation"),
)  # fmt: skip
_ENDINGS = (  # of an adjective → of its noun
    ("tensive", "tension"), ("emic", "emia"), ("mbotic", "mbosis"), ("phrenic", "phrenia"), ("kinetic", "kinesia"),
    ("algesic", "algesia"), ("embolic", "embolism"), ("plegic", "plegia"), ("paretic", "paresis"),
    ("toxic", "toxicity"), ("tonic", "tonia"), ("trophic", "trophy"), ("pathic", "pathy"), ("penic", "penia"),
    ("rrhotic", "rrhosis"), ("sclerotic", "sclerosis"), ("brotic", "brosis"), ("crotic", "crosis"),
    ("stenotic", "stenosis"),
    ("acidotic", "acidosis"), ("megalic", "megaly"), ("cephalic", "cephaly"), ("manic", "mania"), ("algic", "algia"),
    ("ythmic", "ythmia"), ("rexic", "rexia"), ("cardic", "cardia"), ("ritic", "ritis"), ("edematous", "edema"),
    ("thyroid", "thyroidism"), ("nsonian", "nsonism"),
)  # fmt: skip
_PLURALS, _ADJECTIVES = (tuple(ending for ending, _ in endings) for endings in (_PLURAL, _ENDINGS))
_WORD = re.compile(r"[^\W_]+")
_LEFT_OUT = frozenset(("of", "the", "and", "in", "to", "for", "nos", "unspecified"))
_PROTO_ONCOGENE = re.compile(r"c[- ][A-Z]")  # "c-Kit"
SHORT = 4  # letters and digits up to which a name with capitals counts as a short form


@lru_cache(maxsize=2**14)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in their plain form."""
    text = (name if name.isascii() else _in_ascii(name)).casefold().replace("'s", "")
    for british, american in _AMERICAN:
        text = text.replace(british, american)
    if " " in text or "-" in text:
        text = _PREFIX.sub(r"\1", text)
    for sign, other, one in _ALIKE:
        if sign in text:
            text = other.sub(one, text)
    if " " in text or "-" in text:
        text = _NUMERAL.sub(lambda found: f"{found[1]} {_NUMERALS[found[3]]}", text)
    return tuple(map(_singular, _WORD.findall(text)))


def _in_ascii(name: str) -> str:
    """The name without accents, with Greek letters spelled out."""
    marked = unicodedata.normalize("NFKD", name.replace("ß", "β")).casefold().replace("’", "'")
    text = "".join(c for c in marked if not unicodedata.combining(c))
    for letter, spelled in _GREEK.items():
        text = text.replace(letter, spelled)
    return text


@lru_cache(maxsize=2**14)
def _singular(word: str) -> str:
    if word.endswith(_PLURALS):
        plural, single = next(ending for ending in _PLURAL if word.endswith(ending[0]))
        if len(word) > len(plural) + 1:
            return word.removesuffix(plural) + single
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_SAID = {_singular(other): word for word, others in _SAID_BY for other in others.split()}


@lru_cache(maxsize=2**14)
def _noun(word: str) -> str:
    if word.endswith(_ADJECTIVES):
        adjective, noun = next(ending for ending in _ENDINGS if word.endswith(ending[0]))
        if len(word) > len(adjective) + 1:
            return word.removesuffix(adjective) + noun
    return _SAID.get(word, word)


def telling_words(name: str) -> list[str]:
    """The words of a name in their plain form, nouns for what says the same, without those that tell nothing."""
    return [_noun(word) for word in words(name) if word not in _LEFT_OUT]


def _as_cancer(said: list[str]) -> list[str]:
    """The words, with "cancer" for "malignant tumor"."""
    if not {"malignant", "tumor"} <= set(said):
        return said
    return ["cancer", *(word for word in said if word not in ("malignant", "tumor"))]


def closest_key(name: str) -> str:
    """The first of the `keys` of a name, or nothing where it has none."""
    if len(bare := "".join(_WORD.findall(name))) <= SHORT:
        capitals = sum(map(str.isupper, bare))
        if (bare.upper() == bare and capitals) or capitals > 1 or _PROTO_ONCOGENE.match(name):
            return f"={bare.upper()}"
    return "".join(words(name))


@lru_cache(maxsize=2**14)
def keys(name: str) -> tuple[str, ...]:
    """Keys under which a name is found, the closest first; two names with a key in common are one name: by the same
    words, by them in another order, by words that say the same.

    A short form ("ALL", "MET", "mTOR") has one key of its own, so that it never meets the common word.
    """
    closest = closest_key(name)
    if not closest or closest.startswith("="):
        return (closest,) if closest else ()
    found = [closest]
    plain = words(name)
    telling = sorted(word for word in plain if word not in _LEFT_OUT)
    for said in (telling, sorted(_as_cancer([_noun(word) for word in telling]))):
        key = "~" + "".join(said) if len(said) > 1 else "".join(said)
        if key and key not in found:
            found.append(key)
    return tuple(found)
