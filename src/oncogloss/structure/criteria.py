"""The logic of criteria: a small grammar over what stands between a criterion's facts.

A fact (`structure.facts`) is a mention that a patient is checked for, with all that its relations add. Between two
facts stand words that say how they go together; the gaps that bind most loosely split a criterion first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, takewhile

from oncogloss.schema import Criterion, Logic, Mention
from oncogloss.structure.alternatives import Replaced, age_asked_of, replaced_limits
from oncogloss.structure.asides import in_brackets, naive_to
from oncogloss.structure.asked_of import asked_of, is_denied
from oncogloss.structure.facts import facts_of
from oncogloss.structure.gaps import (
    ATTACHED,
    CLAUSE,
    CUE,
    LIST,
    PART,
    SENTENCE,
    TIGHT,
    Gap,
    Part,
    closed_alike,
    loosened,
    past_or,
)
from oncogloss.structure.joining import (
    conjunction,
    goes_with_the_last,
    lists_cancers,
    needing,
    slashed,
    without_inner_commas,
)
from oncogloss.structure.layout import indent_of
from oncogloss.structure.leaves import leaf_of
from oncogloss.structure.measured import condition_of
from oncogloss.structure.names import TREATMENTS, alike
from oncogloss.structure.notation import mentions_in
from oncogloss.structure.permissions import is_spared
from oncogloss.structure.placing import for_its_part, headings_of
from oncogloss.structure.riders import riders_of
from oncogloss.structure.scope import Scope
from oncogloss.structure.stains import is_decided
from oncogloss.structure.standing import consents, name_of_standing
from oncogloss.structure.subcriteria import leads_in, names_cancers, with_children
from oncogloss.structure.wording import BREAK, EXCEPT

# Connective words
_SENTENCE = re.compile(r"\n\s*\n|\n\s*[-*•]|[.?!](\s|(?=[A-Z][a-z]))")
_IF = re.compile(
    r"\b(if|provided|(for|in) (patients|subjects|participants|those|women|men|children))\b[^\ue000,;:]*$"
    r"|\((?=fe?males?|wom[ae]n|m[ae]n)",
    re.I,
)
_OTHER_WINDOW = re.compile(r"\(\s*\ue000\s+(for|if|in)\b", re.I)  # "(6 weeks for nitrosoureas)"
_RESTRICTED = re.compile(r"\b(eligible|allowed|permitted|acceptable)\b[^.;]*\b(if|provided)\b", re.I)
_BRACKETED = re.compile(r"\([^()]*\)")
_PROVEN_BY = re.compile(r"\b(histo|cyto|patho)log\w+ ?(/|,?\s*(and/or|and|or)\b) ?(histo|cyto|patho)log\w+", re.I)
_ON_OR_AFTER = re.compile(
    r"\b(on|during|receiving|upon|at|after|following|within),? ?(?:/|\b(?:and/or|and|or)\b),? ?(?:\w+ )?"
    r"(?=(on|during|after|following|within|since|upon)\b|\ue000)",
    re.I,
)
_LISTED = re.compile(r"\b(such as|including|includes?)\b", re.I)
_CLAUSE = re.compile(
    r"\b(who|have|has|had|having|must|is|are|was|were|be|been|should|may|will|agree\w*|history|evidence|patients?"
    r"|subjects?|participants?|no|not|without)\b",
    re.I,
)
_ATTACHED = re.compile(
    r"\b(with|who|that|which|whose|having|requir\w+|for|in|on|to|after|despite|following|due|from|of|by|when|treated"
    r"|before|against|than|where|during|as)\b",
    re.I,
)
_UNLIMITED = re.compile(r"\b(but|and) (are |is )?not (be )?limited to\b", re.I)
_DECIDED = re.compile(r"\s*\(?(and|with|confirmed by)?\s*", re.I)  # "IHC 2+ and FISH+"
_EVIDENCE = re.compile(
    r"^\s*(\w+ )?((history|evidence|presence|diagnosis|use|anticipation|receipt) of\b( (the )?need for\b)?"
    r"|(?<=\s)(treatment|therapy) with\b)",
    re.I,
)  # begins a list's next item

# An exclusion that is worded as what must not be: what excludes is having it
_WORDED_AS_ABSENT = re.compile(
    r"\W*((patients?|subjects?|participants?) )?((with|have|has) )?(no|without)\b"
    r"|\W*(patients?|subjects?|participants?)? ?(must|may|should|can) ?not\b",
    re.I,
)
_NO_LEAD = re.compile(
    r"\W*((patients?|subjects?|participants?) )?((must )?(with|have|has|had) )?(no|not|without)\b"
    r"(?! (more|less|greater|fewer|later|longer|limit|restrict|minimum|upper|lower|only|required|necessary)\b)",
    re.I,
)
_CAN_BE_ABSENT = TREATMENTS | {"CANCER", "CONDITION", "DISEASE_STATE"}
_LIST_ENDS = re.compile(
    rf"{BREAK}|[;:()]|\b(but|unless|except|who|which|that|if|is|are|was|for|with|after|before|since|despite|requir\w+"
    r"|than|due|must|during|following|from|in|required|necessary|specified)\b",
    re.I,
)
_NEGATION = re.compile(
    r"\b(no|not|non|none|never|without|free|absen\w*|lack\w*|neither|nor|cannot|unable|unwilling|inab\w+"
    r"|in(eligible|adequa\w+)"
    r"|den(y|ies)|refus\w*|negative|fail\w*|off|other than|declin\w+|contraindicat\w+)\b|n't\b",
    re.I,
)
_REFRAIN = re.compile(r"\b(refrain(ing)?|abstain(ing)?) from (\w+ )?$", re.I)
_RECOVERED = re.compile(r"\brecover\w* from( \w+)*? $|\b(avoid|prevent)(ing)? (becoming )?$", re.I)


def logic_of(read: Sequence[Scope]) -> tuple[Criterion, ...]:
    """The criteria that were `read`, each with its logic, or None where nothing in it can be evaluated."""
    return tuple(scope.criterion for scope in with_logic(read))


def with_logic(read: Sequence[Scope]) -> list[Scope]:
    """The same scopes, each with its criterion's logic and the riders that are in it."""
    facts = {scope.criterion.id: facts_of(scope) for scope in read}
    own = {scope.criterion.id: own_logic(scope, facts[scope.criterion.id]) for scope in read}
    cancers = {scope.criterion.id for scope in read if names_cancers(scope, own[scope.criterion.id])}
    under: dict[str, list[Criterion]] = {}
    for criterion in (scope.criterion for scope in read):
        if criterion.parent is not None:
            under.setdefault(criterion.parent, []).append(criterion)

    def says_something(criterion: Criterion) -> bool:
        logic = own[criterion.id]
        said = logic is not None or (bool(criterion.mentions) and "consent" not in criterion.categories)
        said = said and not consents(logic)
        return said or any(map(says_something, under.get(criterion.id, ())))

    headings = headings_of(read)
    found = []
    for scope in read:
        children = under.get(scope.criterion.id, [])
        telling = [c for c in children if says_something(c)]
        if own[scope.criterion.id] is not None and not leads_in(scope):
            indent = indent_of(scope.text, scope.criterion)
            telling = [c for c in telling if not scope.excludes and indent_of(scope.text, c) > indent]
        logic = with_children(scope, own[scope.criterion.id], telling, cancers)
        logic = logic and measures_spared(scope, logic)
        if logic is not None:
            told = facts[scope.criterion.id]
            scope = scope._replace(riders=tuple(riders_of(scope, told)))
            logic = for_its_part(leaf_of(logic, scope, told), scope, headings)
        criterion = scope.criterion.model_copy(update={"logic": logic})
        found.append(scope._replace(criterion=criterion, heading=headings.get(criterion.id)))
    return found


def measures_spared(scope: Scope, logic: Logic) -> Logic:
    """The same tree, but "bilirubin ≤ 1.5 unless Gilbert's" asks for either where it is asked at all."""
    if scope.excludes or logic.op in ("not", "fact", "if"):
        return logic
    parts = tuple(measures_spared(scope, part) for part in logic.parts)
    types = {m.id: m.type for m in scope.mentions}
    measured = logic.op == "except" and {types.get(i) for i in mentions_in(parts[0])} == {"MEASURE"}
    if not measured and all(new is old for new, old in zip(parts, logic.parts, strict=True)):
        return logic
    return logic.model_copy(update={"op": "any" if measured else logic.op, "parts": parts})


def own_logic(scope: Scope, facts: Sequence[Mention]) -> Logic | None:
    """What the criterion's own facts say together."""
    circumstances = under_unless(scope, facts)
    if len(circumstances) > 1 and not any(own.measures for own in replaced_limits(scope)):
        general = said_together(scope, [m for m in facts if m not in circumstances])
        unless = combined(asking(scope, circumstances), [as_part(scope, m) for m in circumstances])
        return general and Logic(op="except", parts=(general, unless))
    told = said_together(scope, facts)
    return told and needing(scope, told)


def asking(scope: Scope, circumstances: Sequence[Mention]) -> Scope:
    """The scope as what spares is read in it: "unless CD4 ≥ 350 and viral load < 400" asks both, as an inclusion does;
    kinds of the thing excluded ("other than gout and tide fever") are each enough."""
    kinds = sum(m.type in _CAN_BE_ABSENT and m.type != "DISEASE_STATE" for m in circumstances)
    return scope if kinds > 1 else scope._replace(criterion=scope.criterion.model_copy(update={"side": "inc"}))


def under_unless(scope: Scope, facts: Sequence[Mention]) -> list[Mention]:
    """The facts of a circumstance that ends a criterion: "… unless treated and in remission"; none where it goes on."""
    text = scope.words
    cues = list(re.finditer(r"\bunless\b", text, re.I))
    before, after = (text[: cues[0].start()], text[cues[0].end() :]) if cues else ("", "")
    if len(cues) != 1 or before.count("(") > before.count(")"):
        return []
    behind = [m for m in facts if m.start >= scope.criterion.start + cues[0].end()]
    broken = _SENTENCE.search(after.rstrip(" .\n*-")) or ";" in after.rstrip(" ;")
    return [] if broken or len(behind) == len(facts) else behind


def said_together(scope: Scope, facts: Sequence[Mention]) -> Logic | None:
    """What some facts of a criterion say together."""
    replaced = [own for own in replaced_limits(scope) if own.measures]
    instead = [m for own in replaced for m in (*own.group, *own.measures)]
    facts = [m for m in facts if not any(m is one for one in instead)]
    spared = {r.tail for r in scope.relations if r.type == "EXCEPTION"}
    spared |= {m.id for m in facts if "exc" in m.attributes or is_spared(scope, m)}
    if EXCEPT.search(scope.lead) and not EXCEPT.search(scope.words):
        spared = set()  # an item of a list that is spared as a whole
    general = [m for m in facts if m.id not in spared or forbidden(scope, m)]
    exceptions = [m for m in facts if not any(m is one for one in general)] if len(general) < len(facts) else []
    if not general:
        general, exceptions = exceptions, []
    if not general:
        return None
    parts = [as_part(scope, m) for m in general]
    behind = [m for m in exceptions if m.start >= parts[-1].end and spares_all(scope, parts, m)]
    parts = with_brackets(scope, with_exceptions(scope, parts, [m for m in exceptions if m not in behind]))
    parts = with_own_limits(scope, parts, replaced)
    if not behind:
        return combined(scope, parts)
    if all(part.negated for part in parts):
        held = [p._replace(logic=p.logic.parts[0], negated=False) for p in parts]
        listed = combined(scope, held) if len(held) == 1 else Logic(op="any", parts=tuple(p.logic for p in held))
        return negation(less(scope, listed, behind))
    return less(scope, combined(scope, parts), behind)


def forbidden(scope: Scope, m: Mention) -> bool:
    """Whether a mention that seems spared is none of an exception: "no adjuvant chemotherapy is allowed"."""
    text = scope.words
    return "neg" in m.attributes and not scope.excludes and EXCEPT.search(text) is None and "allowed" in text


def spares_all(scope: Scope, parts: Sequence[Part], m: Mention) -> bool:
    """Whether an exception behind a list holds for the whole of it."""
    heads = sum(r.type == "EXCEPTION" and r.tail == m.id for r in scope.relations)
    return heads > 1 or (not in_brackets(scope, m) and (scope.excludes or all(part.negated for part in parts)))


def leaf(m: Mention) -> Logic:
    """A mention as a fact."""
    return Logic(op="fact", mention=m.id)


def negation(logic: Logic) -> Logic:
    """That something is not so."""
    return Logic(op="not", parts=(logic,))


def less(scope: Scope, logic: Logic, exceptions: Sequence[Mention]) -> Logic:
    """Something but for its exceptions: each of them, but measures as what spares is read."""
    whole = logic.parts if logic.op == "except" else (logic,)
    spared = [leaf(m) for m in exceptions]
    if len(exceptions) > 1 and all(m.type == "MEASURE" for m in exceptions):
        spared = [combined(asking(scope, exceptions), [Part(leaf(m), m, m.end, negated=False) for m in exceptions])]
    return Logic(op="except", parts=(*whole, *spared))


def as_part(scope: Scope, m: Mention) -> Part:
    """A fact as a part, negated where the text forbids it and the side does not say so already."""
    if name_of_standing(m.id) is not None:
        return standing_part(scope, m)
    text = scope.words
    absent = scope.excludes and m.type != "DISEASE_STATE" and _WORDED_AS_ABSENT.match(text) is not None
    cue = _REFRAIN if m.type == "PROCEDURE" else _RECOVERED if m.type == "CONDITION" else None
    lead = " ".join(scope.before(m).split()) + " "
    refrained = cue is not None and not scope.excludes and cue.search(lead) is not None
    unsaid = scope.excludes and _NEGATION.search(text[: m.end - scope.criterion.start]) is None
    negated = refrained or naive_to(scope, m) or listed_as_absent(scope, m)
    negated = negated or ("neg" in m.attributes and not absent and not unsaid)
    age = age_asked_of(scope, m)
    told = leaf(m) if age is None else Logic(op="all" if scope.excludes else "if", parts=(leaf(age), leaf(m)))
    return Part(negation(told) if negated else told, m, m.end, negated)


def standing_part(scope: Scope, m: Mention) -> Part:
    """A standing demand as a part, negated where it is said so or stands beside conditions that all are denied."""
    turned = scope.excludes and _WORDED_AS_ABSENT.match(scope.words) is not None and ":other-trial" in m.id
    others = [o for o in scope.mentions if o.type == "CONDITION" and name_of_standing(o.id) is None]
    listed = m.type == "CONDITION" and bool(others) and all("neg" in o.attributes for o in others)
    denied = ("neg" in m.attributes and not turned) or listed_as_absent(scope, m) or (listed and not scope.excludes)
    return Part(negation(leaf(m)) if denied else leaf(m), m, m.end, denied)


def listed_as_absent(scope: Scope, m: Mention) -> bool:
    """Whether an inclusion begins with "no" and a mention stands in the list that follows."""
    lead = _NO_LEAD.match(scope.before(m))
    if scope.excludes or lead is None or "exc" in m.attributes or m.type not in _CAN_BE_ABSENT:
        return False
    start = scope.criterion.start + lead.end() - 1
    tails = {r.tail for r in scope.relations if r.head == m.id}
    told = any((o.start <= start < o.end) or (o.id in tails and "neg" in o.attributes) for o in scope.mentions)
    return not told and re.search(_LIST_ENDS, scope.before(m)[lead.end() :]) is None


def with_exceptions(scope: Scope, parts: Sequence[Part], exceptions: Sequence[Mention]) -> list[Part]:
    """Parts less what is spared of them: by relation, else what is spared right behind one."""
    heads = {r.tail: r.head for r in scope.relations if r.type == "EXCEPTION"}
    ids = {part.mention.id for part in parts}
    held: dict[str, list[Mention]] = {}
    for m in exceptions:
        earlier = [p.mention.id for p in parts if p.end <= m.start] or [parts[0].mention.id]
        head = heads.get(m.id)
        held.setdefault(head if head in ids and head is not None else earlier[-1], []).append(m)
    done = []
    for part, following in zip(parts, [*(p.mention.start for p in parts[1:]), scope.criterion.end], strict=True):
        own = held.get(part.mention.id)
        if own:
            inner = less(scope, leaf(part.mention), own)
            end = max(part.end, *(m.end for m in own if m.end <= following), part.end)
            part = part._replace(logic=negation(inner) if part.negated else inner, end=end)
        done.append(part)
    return done


def with_brackets(scope: Scope, parts: Sequence[Part]) -> list[Part]:
    """Parts, what stands in a bracket joined to the part that it stands behind: "tide fever, or gout (pulse > 90 or
    pain)" is tide fever, or gout with one of the two; a condition that is measured is its measure."""
    done: list[Part] = []
    rest = list(parts)
    while rest:
        part, rest = rest[0], rest[1:]
        measures = list(takewhile(lambda p: condition_of(scope, p.mention) is part.mention, rest))  # noqa: B023
        closed = scope.text.find(")", part.end)
        opened = re.match(r"\s*\([^(]*$", scope.text[part.end : closed]) is not None
        inside = measures or [p for p in rest if opened and p.end <= closed]
        if measures:
            part = part._replace(logic=put(part.logic, combined(scope, measures)), end=measures[-1].end)
        elif len(inside) > 1 and not any(p.negated for p in (part, *inside)):
            logic = Logic(op="all", parts=(part.logic, combined(scope, inside)))
            part = part._replace(logic=logic, end=closed + 1)
        else:
            inside = []
        rest = rest[len(inside) :]
        done.append(part)
    return done


def with_own_limits(scope: Scope, parts: Sequence[Part], replaced: Sequence[Replaced]) -> list[Part]:
    """Parts, those with a limit that a group need not keep joined to what the group must be and keep instead."""
    done = list(parts)
    for own in replaced:
        limited = [i for i, part in enumerate(done) if own.limit.id in scope.tails(part.mention, "HAS_VALUE")]
        if limited:
            run = slice(limited[0], limited[-1] + 1)
            group, limits = ([as_part(scope, m) for m in some] for some in (own.group, own.measures))
            others = Logic(op="all", parts=(combined(scope, group), combined(scope, limits)))
            logic = Logic(op="any", parts=(combined(scope, done[run]), others))
            done[run] = [Part(logic, done[limited[0]].mention, own.measures[-1].end, False)]
    return done


def put(logic: Logic, inner: Logic) -> Logic:
    """The same tree with another general fact: denied, or less its exceptions, as the first was."""
    return logic.model_copy(update={"parts": (put(logic.parts[0], inner), *logic.parts[1:])}) if logic.parts else inner


def gap_between(scope: Scope, one: Part, other: Part) -> Gap:
    """How two neighbouring parts go together, by the words that stand between them."""
    words = _joining_words(scope, one, other)
    if _SENTENCE.search(words):
        return Gap(SENTENCE, None)
    if ";" in words or "；" in words:
        return Gap(PART, "any" if re.search(r"[;；]\s*(and/)?or\b|\bor\s*;", words, re.I) else None)
    if EXCEPT.search(_BRACKETED.sub(" ", words)):
        return Gap(CUE, "except")
    decided = is_decided(one.mention, other.mention) and _DECIDED.fullmatch(words) is not None
    aside = one.mention.type == "BIOMARKER" and not scope.excludes  # "HER2-negative (0 or 1+) cancer"
    said = "" if decided else _BRACKETED.sub(" ", words) if aside else words
    op = conjunction(scope, one.mention, other.mention, said)
    op = "all" if op == "any" and one.negated and other.negated and not scope.excludes else op  # "no A or B"
    if op is None and _IF.search(words) and not scope.excludes:
        return Gap(CUE, "if")
    if op is not None:
        return Gap(CLAUSE if _CLAUSE.search(words) else LIST, op)
    if scope.excludes and (_LISTED.search(words) or _OTHER_WINDOW.search(words)):
        return Gap(LIST, "any")
    if decided or re.fullmatch(r"\s*/\s*(\w+\s+)?", words):
        return Gap(TIGHT, slashed(scope, one.mention, other.mention))
    if "(" in words or _ATTACHED.search(_EVIDENCE.sub(" ", words[words.rfind(",") + 1 :])):
        own = goes_with_the_last(scope, one.mention, other.mention, words)
        return Gap(TIGHT if own else ATTACHED, "all")
    if re.search("[,:，、：]", words):
        return Gap(LIST, None)
    return Gap(TIGHT if alike(one.mention, other.mention) else ATTACHED, "all")


def _joining_words(scope: Scope, one: Part, other: Part) -> str:
    """The words between two parts without those that look as if they joined them: "progressed on or after X"."""
    words = _PROVEN_BY.sub(" ", _UNLIMITED.sub(" ", _skeleton(scope, one.end, other.mention.start)))
    if _ON_OR_AFTER.search(scope.between(one.mention, other.mention)):
        words = _ON_OR_AFTER.sub(" ", words)
    return without_inner_commas(words)


def _skeleton(scope: Scope, start: int, end: int) -> str:
    """The text between two parts without the mentions in it, nor what joins only those, nor brackets without any."""
    heads = {r.tail: r.head for r in scope.relations}
    behind = {m.id for m in scope.mentions if m.start >= end}
    pieces, position = [], start
    for m in scope.mentions:
        if position <= m.start and m.end <= end:
            pieces += [scope.text[position : m.start], "\ue001" if heads.get(m.id) in behind else "\ue000"]
            position = m.end
    text = re.sub(r"\([^()\ue000\ue001]*\)", " ", "".join([*pieces, scope.text[position:end]]))
    for sign in ("\ue000", "\ue001"):  # what belongs to the part before, and to the part behind
        text = re.sub(rf"{sign}([\s,/]*(and/or|and|or|to)?\s*{sign})+", sign, text)
    return text.replace("\ue001", "\ue000").replace("(\ue000)", " ")


def combined(scope: Scope, parts: Sequence[Part]) -> Logic:
    """Parts in order, split at the gaps that bind most loosely, then each piece likewise."""
    if len(parts) == 1:
        return parts[0].logic
    gaps = loosened(parts, [gap_between(scope, a, b) for a, b in pairwise(parts)], excludes=scope.excludes)
    gaps = gaps if scope.excludes else past_or(parts, gaps)
    loosest = max(gap.looseness for gap in gaps)
    if loosest < PART and (conditional := asked_of_some(scope, parts)) is not None:
        return conditional
    cuts = [i for i, gap in enumerate(gaps, 1) if gap.looseness == loosest]
    if loosest == CUE:
        cuts = cuts[:1]
    elif loosest in (CLAUSE, LIST):
        cuts = closed_alike(gaps, cuts)
    trees = [combined(scope, parts[a:b]) for a, b in pairwise([0, *cuts, len(parts)])]
    ops = [gaps[i - 1].op for i in cuts if gaps[i - 1].op is not None]
    if ops and ops[0] == "except":
        spared = parts[cuts[0] :]
        trees[1:] = [combined(asking(scope, [part.mention for part in spared]), spared)]
        return Logic(op="except", parts=(*(trees[0].parts if trees[0].op == "except" else trees[:1]), *trees[1:]))
    if ops and ops[0] == "if":
        restricted = _RESTRICTED.search(_skeleton(scope, parts[cuts[0] - 1].end, parts[cuts[0]].mention.start))
        return Logic(op="if", parts=(trees[0], trees[1]) if restricted else (trees[1], trees[0]))
    if all(part.negated for part in parts):
        return Logic(op="all", parts=tuple(trees))
    cancers = loosest <= ATTACHED and all(part.mention.type == "CANCER" for part in parts)
    one_of = scope.excludes or (cancers and lists_cancers(scope))
    return Logic(op=(ops[-1] if ops else None) or ("any" if one_of else "all"), parts=tuple(trees))


def asked_of_some(scope: Scope, parts: Sequence[Part]) -> Logic | None:
    """What is asked of those alone whom some of the parts name; None where it is asked of everybody."""
    named = asked_of(scope, [part.mention for part in parts])
    who = [part for part in parts if any(part.mention is m for m in named)]
    rest = [part for part in parts if not any(part.mention is m for m in named)]
    if not who or not rest:
        return None
    who = [p if not p.negated or is_denied(scope, p.mention) else p._replace(logic=p.logic.parts[0]) for p in who]
    people = len(who) > 1 and all(part.mention.type == "POPULATION" for part in who)
    whom = Logic(op="any", parts=tuple(part.logic for part in who)) if people else combined(scope, who)
    return Logic(op="all" if scope.excludes else "if", parts=(whom, combined(scope, rest)))
