"""From a mention to the concept it names: the same name in a vocabulary, its own or its long form's, or one made of its
parts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from importlib import resources
from typing import Any, Literal, NamedTuple

from oncogloss.concepts.compose import class_entry, compose_class, compose_regimen
from oncogloss.concepts.drugs import class_of, other_forms
from oncogloss.concepts.markers import compose_biomarker, marker_of
from oncogloss.concepts.names import keys, telling_words
from oncogloss.concepts.short_forms import Context, choose, spelled_out
from oncogloss.concepts.vocabulary import Entry, Vocabulary
from oncogloss.schema import Concept, Marker, Match

# entity types whose concepts a mention may name, its own first
TYPES: dict[str, tuple[str, ...]] = {
    "CANCER": ("CANCER", "CONDITION"),
    "CONDITION": ("CONDITION", "CANCER"),
    "DRUG": ("DRUG",),
    "GENE": ("GENE",),
    "BIOMARKER": ("BIOMARKER",),
    "PROCEDURE": ("PROCEDURE",),
    "MEASURE": ("MEASURE", "GENE"),
    "OUTCOME": ("OUTCOME", "CONDITION"),
    "DISEASE_STATE": ("OUTCOME",),  # a response or progression that has been reached
    "INSTRUMENT": ("INSTRUMENT",),
    "ROUTE": ("ROUTE",),
    "REGIMEN": ("REGIMEN",),
    "DRUG_CLASS": ("DRUG_CLASS",),
}
COMPOSED = {"DRUG_CLASS": compose_class, "BIOMARKER": compose_biomarker, "REGIMEN": compose_regimen}

# how a name led to its entry; `short`: by its letters alone
Way = Literal["words", "short", "order", "parts", "broader", "stem", "alike"]
Source = Literal["", "long form", "context"]  # what was looked up: the mention, its long form, what its context means

LEAST_ALIKE = 0.5  # score from which a concept counts that is only alike
_SEVERAL = re.compile(r"\b(?:and|or)\b|[/,;]")  # what joins the names of several things

_SENSITIZING = re.compile(r"\W*\b(?:TKI[- ])?sensiti[sz]ing\b\W*", re.IGNORECASE)
_PLAIN = re.compile(r"[\w .,/-]*\w")
# what a broader concept than the named one is found without: words before its name, and a phrase behind it
_NARROWER = re.compile(
    r"(?:\w+-(?:induced|associated|related|mediated) +)|(?:(?:locally|newly|previously|heavily|biopsy|castration|"
    r"radiographically|histologically|cytologically|castrate|"
    r"hormone|platinum|treatment|drug|early|late|high|low|intermediate|standard|very|limited|extensive)[- ]+)?"
    r"(?:advanced|metastatic|recurrent|relapsed|refractory|resistant|sensitive|persistent|progressive|unresectable|"
    r"resectable|resected|inoperable|operable|localized|localised|invasive|proven|confirmed|documented|diagnosed|"
    r"untreated|treated|measurable|symptomatic|asymptomatic|active|uncontrolled|severe|mild|moderate|chronic|acute|"
    r"subacute|transient|reversible|fatal|induced|associated|related|bilateral|unilateral|left|right|primary|"
    r"grade|risk|stage|onset|adult|childhood|pediatric|paediatric|congenital|idiopathic|clinical|significant|prior|"
    r"concurrent|new|extensive|disseminated|diffuse|massive|spontaneous)(?: (?:[IV]{1,3}[ABC]?|[0-4][abc]?))?[-, ]+",
    re.IGNORECASE,
)
_BEHIND = re.compile(r",? (?:of|in(?! situ)|with|without|due to|involving|to|from|at) (?:the )?[^,]+$", re.IGNORECASE)


# words that a name of a type may close or begin with and mean the same without; "rate" is none of a response
_VERSION = r",? (?:version|v\.?|ver\.?) ?\d(?:\.\d+)?"
_IDLE = {
    type_: re.compile(words, re.IGNORECASE)
    for type_, words in (
        ("DRUG_CLASS", r" (?:therap(?:y|ies)|treatments?|agents?|drugs?|medications?|compounds?|medicines?)$"),
        ("OUTCOME", r"(?:(?<=survival)|(?<=[FO]S)) (?:times?|rates?|durations?|probability)$"),
        (
            "MEASURE",
            r" (?:levels?|values?|concentrations?|measurements?|tests?|testing|titers?)$|"
            r"^(?:(?:serum|plasma|mean|resting|baseline|measured) )+",
        ),
        ("INSTRUMENT", rf"{_VERSION}$| (?:questionnaire|scale|score|criteria|index|inventory|system)$"),
        (
            "PROCEDURE",
            r" (?:scan(?:s|ning)?|imaging|exam(?:ination)?s?|procedures?|test(?:s|ing)?|stud(?:y|ies)|assays?)$",
        ),
        ("GENE", r" (?:genes?|proteins?|antigens?|molecules?|enzymes?|(?:proto-)?oncogenes?)$"),
    )
}


_OWN_SHORT_FORM = re.compile(r"(?<=\w) ?\((?=[^()]*[A-Z])[\w/-]{2,8}\)")  # "computed tomography (CT) scan"
_CARCINOMA = re.compile(r"\bcarcinoma(?=s?\b)", re.IGNORECASE)
_CAPITALS = re.compile(r"(?<![\w-])[A-Z][A-Za-z]*[A-Z]\b")
# where the last word is not what all the others only describe
_NO_HEAD = re.compile(
    r"[,;/()&+]|-free\b|\b(?:of|to|in|for|with|without|and|or|by|on|from|at|no|not|than|after|before)\b", re.IGNORECASE
)
_BROAD = {
    "radiotherapy", "irradiation", "radiation", "surgery", "biopsy", "biopsies", "chemotherapy", "immunotherapy",
    "transplantation", "transplant", "chemoradiotherapy", "chemoradiation", "ultrasound", "steroids", "corticosteroids",
    "antibiotics", "vaccine", "vaccines", "mortality", "toxicity", "pharmacokinetics", "clearance", "resection",
    "resections", "imaging",
}  # fmt: skip
_OPERATION = re.compile(r"\w(?:ectom|otom|ostom|plast|scop|graph)(?:y|ies)$|\w(?:desis|centesis|grams?)$")


# diseases said by their effect on an organ, by an adjective alone, or by who has them
_EFFECT = re.compile(
    r"(?P<organ>(?:\w+ )?\w+) (?:injur(?:y|ies)|damage|dysfunctions?|toxicit(?:y|ies)|impairment|lesions?|suppression|"
    r"complications?|problems?|deterioration|abnormalit(?:y|ies))",
    re.IGNORECASE,
)
_TOXIC = re.compile(
    r"(?P<stem>nephro|hepato|cardio|neuro|pulmo|myelo|dermato|entero)tox(?:ic|icity|icities)", re.IGNORECASE
)
_ORGANS = {
    "nephro": "kidney", "hepato": "liver", "cardio": "heart", "neuro": "nervous system", "pulmo": "lung",
    "myelo": "bone marrow", "dermato": "skin", "entero": "intestinal",
}  # fmt: skip
_VAGUE = {  # what heads a name without saying what is wrong
    "disease", "diseases", "disorder", "disorders", "syndrome", "syndromes", "abnormality", "abnormalities", "symptoms",
    "signs", "lesion", "lesions", "injury", "injuries", "infection", "infections", "failure", "cancer", "cancers",
    "tumor", "tumors", "tumour", "tumours", "malignancy", "neoplasm", "neoplasms", "carcinoma", "illness", "toxicity",
    "disturbance", "disturbances", "depression", "complications",
}  # fmt: skip


class _Hit(NamedTuple):
    """An entry and how it was found."""

    entry: Entry
    way: Way
    source: Source = ""
    marker: Marker | None = None
    score: float | None = None  # of this very hit, where the way alone does not tell it


class Link(NamedTuple):
    """A concept and how it was found: what `scores.json` tells the score of."""

    concept: Concept
    way: Way
    source: Source


def link(
    type_: str, text: str, expansion: str | None, vocabulary: Vocabulary, context: Context | None = None
) -> Concept | None:
    """The concept that a mention of entity type `type_` names, or None where no name of the vocabulary is its own.

    A defined short form is looked up by its long form `expansion` first, since the document says what it means; one
    that is not defined and has several senses by what its `context` makes it mean.
    """
    found = traced(type_, text, expansion, vocabulary, context)
    return found.concept if found else None


def traced(
    type_: str, text: str, expansion: str | None, vocabulary: Vocabulary, context: Context | None = None
) -> Link | None:
    """As `link`, with how the concept was found."""
    if not any(map(str.isalnum, text)):
        return None
    kinds = TYPES.get(type_, ())
    spelled = None
    if context is not None and expansion is None and kinds:
        senses = vocabulary.senses.get(text) or vocabulary.senses.get(text.removesuffix("s")) or []
        sense = choose(senses, kinds, (context.without(0, len(text)), context.record)) if senses else None
        if sense is not None:
            return _named(sense.type, sense.name, None, None, vocabulary, "context")
        if any(other.type in kinds for other in senses):
            return None
        spelled = spelled_out(text, kinds, context, vocabulary.senses)
    return _named(type_, text, expansion, spelled, vocabulary)


@lru_cache(maxsize=2**15)
def _named(
    type_: str, text: str, expansion: str | None, spelled: str | None, vocabulary: Vocabulary, source: Source = ""
) -> Link | None:
    """The concept that has one of these names: the long form, the mention's own, the short forms in it spelled out.
    `source` says what `text` is."""
    bare = _OWN_SHORT_FORM.sub("", text)
    asked: tuple[tuple[str | None, Source], ...] = (
        (expansion, "long form"), (text, source), (spelled, "context"), (bare if bare != text else None, source),
    )  # fmt: skip
    names = [(name, said) for name, said in asked if name]
    for name, said in names:
        if hit := next((hit for way in _WAYS if (hit := way(type_, name, vocabulary))), None):
            marker = marker_of(hit.entry, name, vocabulary) if type_ == "BIOMARKER" else None
            return _link(type_, hit._replace(source=said, marker=marker))
    for name, said in reversed(names) if spelled else names:
        near = _alike(type_, name, vocabulary)
        hit = _NEXT[type_](name, vocabulary) if type_ in _NEXT else None
        if hit and near and hit.entry.id == near.entry.id:
            near = None
        found = [_link(type_, each._replace(source=said)) for each in (hit, near) if each]
        if found:
            return max(found, key=lambda link: link.concept.score)
    return None


def link_id(id_: str, vocabulary: Vocabulary) -> Concept | None:
    """The concept that has an id such as `MESH:D001943`, its own or as a cross-reference; None where there is none."""
    entry = vocabulary.with_id(id_)
    return _concept(entry, 1.0, "name", None) if entry else None


def _found(type_: str, name: str, vocabulary: Vocabulary) -> _Hit | None:
    hits = (vocabulary.find(kind, name) for kind in TYPES.get(type_, ()))
    same: Way = "short" if "".join(keys(name)[:1]).startswith("=") else "words"
    return next((_Hit(hit[0], "order" if hit[1] else same) for hit in hits if hit), None)


def _made(type_: str, name: str, vocabulary: Vocabulary) -> _Hit | None:
    entry = COMPOSED[type_](name, vocabulary) if type_ in COMPOSED else None
    return _Hit(entry, "parts") if entry else None


def _wider(name: str) -> Iterator[str]:
    """The name without the words that narrow it, one after another from its beginning; then without what is behind."""
    for whole in (name, _BEHIND.sub("", name)):
        left = whole
        while narrower := _NARROWER.match(left):
            left = left[narrower.end() :]
            yield left
        if whole != name:
            yield whole


def _heads(name: str) -> Iterator[str]:
    """The name without its first word, its first two and so on, where the last is what all others only describe; a
    common word alone ("survival") would say too little."""
    said = name.split()
    if _NO_HEAD.search(name):
        return
    for i in range(1, len(said)):
        if len(said) - i > 1 or said[i] in _BROAD or said[i].isupper() or _OPERATION.search(said[i]):
            yield " ".join(said[i:])


def _broader(type_: str, wider: Callable[[str], Iterator[str]], name: str, vocabulary: Vocabulary) -> _Hit | None:
    """The disease, procedure, class or outcome that is named with fewer words."""
    found = (_found(type_, fewer, vocabulary) or _shorter(type_, fewer, vocabulary) for fewer in wider(name))
    hits = (hit for hit in found if hit)
    return next((_Hit(hit.entry, "broader") for hit in hits), None)


def _ill(type_: str, name: str, vocabulary: Vocabulary) -> _Hit | None:
    """The disease of an adjective ("bipolar", "HIV-infected"), else the nearest that is broader: without what narrows,
    the organ's for an effect on it ("renal damage"), and of the last words ("cholestatic hepatitis")."""
    bare = re.sub(r"[- ]infected$", " infection", name)
    forms = [bare] if bare != name else [f"{name} {kind}" for kind in ("disorder", "disease", "syndrome")]
    if hit := next((hit for form in forms if (hit := _found(type_, form, vocabulary))), None):
        return hit._replace(way="order")
    return next((h for wider in (_wider, _affected, _last) if (h := _broader(type_, wider, name, vocabulary))), None)


def _cancer(name: str, vocabulary: Vocabulary) -> _Hit | None:
    """The cancer by "carcinoma" for "cancer" or the other way, with its short forms spelled out ("squamous NSCLC"), or
    of a site or a kind alone ("oral cavity", "basal cell"); else as any disease."""
    swapped = _CARCINOMA.sub("cancer", name)
    spelled = _CAPITALS.sub(lambda short: _name_of("CANCER", short.group(), vocabulary), name)
    forms = [swapped if swapped != name else re.sub(r"\bcancer(?=s?\b)", "carcinoma", name), spelled]
    forms += [f"{name} {kind}" for kind in ("cancer", "tumor", "carcinoma")]
    hits = (_found("CANCER", form, vocabulary) for form in forms if form != name)
    if hit := next((hit for hit in hits if hit), None):
        return hit._replace(way="order")
    return _ill("CANCER", name, vocabulary)


def _name_of(type_: str, short: str, vocabulary: Vocabulary) -> str:
    hit = vocabulary.find(type_, short)
    return hit[0].name if hit else short


def _affected(name: str) -> Iterator[str]:
    """The disease of the organ that a name says to be harmed."""
    if toxic := _TOXIC.fullmatch(name):
        organ = _ORGANS[toxic["stem"].lower()]
        yield f"drug-induced {organ} injury"
        yield f"{organ} disease"
    elif harmed := _EFFECT.fullmatch(name):
        yield f"{harmed['organ']} disease"
        yield f"{harmed['organ'].rpartition(' ')[2]} disease"


def _last(name: str) -> Iterator[str]:
    """The name's last words, fewer and fewer, where all others only describe them and they say what is wrong."""
    said = name.split()
    if not _NO_HEAD.search(name):
        yield from (" ".join(said[i:]) for i in range(1, len(said)) if said[i].casefold() not in _VAGUE)


def _drug(name: str, vocabulary: Vocabulary) -> _Hit | None:
    """The drug by another form of its name, or the class that it is of by what it is called."""
    hits = (vocabulary.find("DRUG", form) for form in other_forms(name))
    if hit := next((hit for hit in hits if hit), None):
        return _Hit(hit[0], "order")
    if made := compose_class(name, vocabulary):
        return _Hit(made, "parts")
    said = class_of(name)
    if said and not said.targets and (carrier := vocabulary.find("DRUG", name.split()[0])):
        said = said._replace(targets=carrier[0].targets)  # of the antibody that a conjugate begins with
    return _Hit(class_entry(said), "stem") if said else None


def likeness(name: str, near: Sequence[tuple[Entry, float]]) -> list[float]:
    """What tells how surely the first of the concepts most alike is the one named: how near it is, how much nearer than
    the next, how many of the name's words its preferred name has, and the other way round; is the name one word."""
    said, its = set(telling_words(name)), set(telling_words(near[0][0].name))
    common = len(said & its)
    ahead = near[0][1] - (near[1][1] if len(near) > 1 else 0.0)
    return [1.0, near[0][1], ahead, common / max(1, len(said)), common / max(1, len(its)), float(len(said) == 1)]


def may_be_alike(name: str) -> bool:
    """May the likeness of words tell what is named? Not of a short form, nor of several things at once."""
    return not ("".join(keys(name)[:1]).startswith("=") or _SEVERAL.search(name))


def _alike(type_: str, name: str, vocabulary: Vocabulary) -> _Hit | None:
    """The concept whose names are most like this one, where that is rather right than wrong."""
    near = vocabulary.alike(type_, name) if may_be_alike(name) else []
    if not near:
        return None
    logit = sum(weight * value for weight, value in zip(_alike_weights(), likeness(name, near), strict=True))
    score = round(1 / (1 + math.exp(-logit)), 3)
    return _Hit(near[0][0], "alike", score=score) if score >= LEAST_ALIKE else None


def _shorter(type_: str, name: str, vocabulary: Vocabulary) -> _Hit | None:
    """What is named without the idle words of the name."""
    bare = _IDLE[type_].sub("", name) if type_ in _IDLE else name
    hit = _found(type_, bare, vocabulary) if bare != name else None
    return hit._replace(way="order") if hit else None


def _marker(name: str, vocabulary: Vocabulary) -> _Hit | None:
    """The gene that alone is named as a marker, where no sign says more of it; the marker of which only some are meant
    ("EGFR-sensitizing mutation")."""
    if gene := _found("GENE", name, vocabulary) if _PLAIN.fullmatch(name) else None:
        return gene
    wide = _SENSITIZING.sub(" ", name)
    hit = (_found("BIOMARKER", wide, vocabulary) or _made("BIOMARKER", wide, vocabulary)) if wide != name else None
    return _Hit(hit.entry, "broader") if hit else None


def _scale(name: str, vocabulary: Vocabulary) -> _Hit | None:
    """The instrument by which a measure is taken ("MMSE score"), else the procedure."""
    scale = _found("INSTRUMENT", name, vocabulary) or _shorter("INSTRUMENT", name, vocabulary)
    return scale or _found("PROCEDURE", name, vocabulary)


_WAYS = (_found, _made, _shorter)
# what is tried where no name fits
_NEXT: dict[str, Callable[[str, Vocabulary], _Hit | None]] = {
    "CANCER": _cancer,
    "CONDITION": partial(_ill, "CONDITION"),
    "PROCEDURE": partial(_broader, "PROCEDURE", _heads),
    "DRUG_CLASS": partial(_broader, "DRUG_CLASS", _heads),
    "OUTCOME": partial(_broader, "OUTCOME", _heads),
    "DISEASE_STATE": partial(_broader, "OUTCOME", _heads),
    "DRUG": _drug,
    "BIOMARKER": _marker,
    "MEASURE": _scale,
}


_MATCHES: dict[Way, Match] = {"parts": "parts", "broader": "broader", "stem": "stem", "alike": "alike"}


@lru_cache(maxsize=1)
def _learned() -> dict[str, Any]:
    """What `training.link_scores` wrote: `shares` by `score_keys`, and weights of what `likeness` tells."""
    table: dict[str, Any] = json.loads(resources.files(__package__).joinpath("scores.json").read_text("utf-8"))
    return table


def _alike_weights() -> list[float]:
    weights: list[float] = _learned()["alike"]
    return weights


def score_keys(type_: str, way: Way, source: Source) -> list[str]:
    """Under which a score is kept, the closest first: by type, way and source; by way and source; by way."""
    of = f"{way} {source}".rstrip()
    return list(dict.fromkeys((f"{type_} {of}", of, way)))


def _link(type_: str, hit: _Hit) -> Link:
    shares = _learned()["shares"]
    score = hit.score or next(shares[key][0] for key in score_keys(type_, hit.way, hit.source) if key in shares)
    return Link(_concept(hit.entry, score, _MATCHES.get(hit.way, "name"), hit.marker), hit.way, hit.source)


def _concept(entry: Entry, score: float, match: Match, marker: Marker | None) -> Concept:
    return Concept(
        id=entry.id,
        name=entry.name,
        vocabulary=entry.vocabulary,
        score=score,
        match=match,
        xrefs=entry.xrefs,
        parents=entry.parents,
        drug_class=entry.drug_class or None,
        targets=entry.targets,
        members=entry.members,
        marker=marker,
    )
