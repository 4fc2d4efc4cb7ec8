"""How eligibility criteria are worded: words that carry no fact, and words that a tree of facts must answer for."""

from __future__ import annotations

import re

BREAK = r"[.;]\s|\n\s*\n|\n\s*[-*•]"  # where a sentence or line ends; a mere line break may be a wrapped line

# Words that carry no fact of their own: grammar, how criteria are worded, how findings are shown
_EMPTY_WORDS = """
a able about above acceptable accordance according adequate adequately administered administration after against age
agree al all allowed already also am an and another any apart appropriately approximately are as assessed assessment
at available based be because become been before begin beginning being below between beyond biochemically
biopsy-proven both but by calculated can candidate case cases clinical clinically combined completed completion
concomitant concomitantly concurrent concurrently condition conditions confirmation confirmed considered consistent
criteria criterion curatively current currently cytologic cytological cytologically cytopathologically day days deemed
defined definitively demonstrated demonstrates demonstrating described despite determined diagnose diagnosed diagnoses
diagnosis diagnostic did disease diseases do documentation documented does done drawn due during each eg either
elapsed eligibility eligible employ employed employing enroll enrolled enrollment enrolment entry estimated et etc
evaluated evaluation even evidence evidenced except exception exceptions excluded excluding exclusion exhibit exhibits
exist existing exists experienced exposure first fit following follows for form free from function gender getting
given had harbor harboring harbour harbouring has have having he her his histologic histological histologically
histology histopathologic histopathological histopathologically histories identified ie if immunohistochemically
implement in incidence include included includes including inclusion inclusive indicated individual individuals
ineligible initiation into investigator is it its kind kinds known laboratory last least less level levels limited
lines mandatory may means measured medically meet meeting meets met method methods microscopically month months more
most must my namely naturally no nor normal not noted obtained occur occurred occurring occurs of on one ongoing only
or order other others otherwise out over part participant participants participate participation particular
pathologically pathology patient patient's patients people per performed permitted person person's persons
physiologically planned planning possible practice practicing practising pre predicted presence present previously
proven provided purposes radiographic radiographically radiologic radiological radiologically ranging re receipt
receive received receiving record recorded recording records recovered regarding regimens registered registration
reported require required requirement requires requiring respective respectively results revealed reveals routine
routinely scale score screening see seen serologically setting sex sexes shall she should showing shown since sites
specific specifically specified start started status still studied study subject subjects subtypes such suffering
suitable taken taking test tests than that the their them then there these they this those through time time-point
times tissue to treated treatment trial type types under undergo undergoing undergone underwent underwented unless
unlimited until up upon use used using usual value values verification verified version via was week weeks were when
where which whichever while who whom whose will willing willingness with within without would year years yet you your
"""
EMPTY = frozenset(_EMPTY_WORDS.split())
_WHO = r"(treating |study |site |local |enrolling |principal |responsible |trial )*"
_WHO += (
    r"(investigators?|inv|surgeons?|physicians?|clinicians?|oncologists?|doctors?|sponsors?|pi|researchers?)('s|s'|’s)?"
)
_BY_RULE = r"(local|institutional|current|standard|applicable|hospital|clinical|national|the)"
_SEE = (
    r"(please )?(see|refer to) (the )?(appendix|section|table|protocol|attached|disease characteristics"
    r"|below|above|list)[^.;)]{0,40}\)?"
)
PHRASES = re.compile(
    r"\b(?=\w)(?:"  # most begin a word: what they are is looked for at the start of words alone
    rf"(as )?(determined|assessed|judged|deemed|defined|confirmed|evaluated|considered|documented|specified"
    rf"|estimated) "
    rf"(appropriate |suitable |necessary )?(by|per|in|according to) (the |an? )?({_WHO}|protocol)\b( (discretion"
    rf"|opinion|judge?ment))?"
    rf"|(in|at|based on|per|according to) (the )?(opinion|judge?ment|discretion|assessment|decision) of (the "
    rf"|an? )?{_WHO}"
    rf"|(in|at|based on|per|according to) (the |an? )?{_WHO} (opinion|judge?ment|discretion|assessment|decision)\b"
    rf"|(according to|as per|per|in accordance with|as defined by) ({_BY_RULE} )+(guidelines?|practice|standards?|"
    rf"protocol|polic(y|ies)|criteria|requirements?)\b|as (defined|specified|described|outlined|per"
    rf"|stated) (in |per )?"
    r"(the |this )?(study )?protocol\b|per protocol\b|whichever (is |was |comes |occurs )?(the )?(longer"
    r"|later|shorter|"
    r"earlier|first|longest)\b|(eligible|allowed|permitted|able) to participate\b|per (the )?(institution"
    r"|investigator)\b"
    r"|(using|by|with|from|in|at) (an? |the )?((us "
    r"|u\.s\. )?food and drug administration( \(fda\))?[- ]approved|fda[- ]approved"
    r"|clia[- ]certified|validated|local|central|sponsor[- ]designated|sponsor[- ]approved|certified|accredited"
    r"|,| |and|or|central)+"
    r"(test|assay|laborator(y|ies)|lab|method|pathology review|review|companion diagnostic)s?\b"
    rf"|{_SEE}"
    r"|(eastern cooperative oncology group|new york heart association|american joint committee on cancer"
    r"|national cancer institute|world health organi[sz]ation|food and drug administration"
    r"|response evaluation criteria in solid tumou?rs)\b( \(?(ecog|nyha|ajcc|nci|who|recist)\)?)?"
    r"|of any (kind|type|grade|severity|origin|cause|etiology|stage|histology)\b|at any time\b"
    r"|(test(s|ed|ing)?) (positive|negative) for\b(?<!negative for)"
    r"|(prior|previous) to (the )?(study|trial|randomi[sz]ation|enrol\w+|entry|registration|first dose"
    r"|treatment|screening)\b"
    r"|(according to|as per|per|based on|following) ((the|local|institutional|standards?|current|routine|of"
    r"|nccn|esmo|eau|asco|cap|and|/) ?)*"
    r"(care|guidelines?|practice|sop)\b"
    r"|pathological (diagnosis|confirmation)\b|(surgery|surgical|biopsy|resection|tumou?r) (specimens?"
    r"|samples?)\b(?= *[.;]?$)"
    r"|(past )?medical history( of)?\b|as long as\b(?= the patient\b)"
    rf")|\({_SEE}"
    r"|\(\s*(I?ULN|UNL|LLN|ULT)\s*\)"
    r"|\((serum|urine|blood|plasma)((,| or| and|/| and/or) *(serum|urine|blood|plasma))*\)",
    re.I,
)
UNASKED = re.compile(  # a heading, or words that ask for nothing
    r"(([\w/-]+ ){1,3}(status|therapy)?[ :-]*(is )?(not specified|unspecified|not stated|not applicable)[. ]*)+"
    r"|none|n/?a|((major |key |main )?(inclusion|exclusion|eligibility)( criteria)?( [\w-]+){0,2})"
    r"|(note|prior|concurrent|disease|patient|physician|medical|therapeutic|laboratory|clinical|general|other|and"
    r"|characteristics|therapy|component|criteria|requirements?|registration|randomi[sz]ation|step|\d|[ :/-])+",
    re.I,
)
BESIDE_A_FACT = re.compile(  # words that only say again what kind of thing the fact beside them is
    r"\b(?=\w)(?:(medications?|drugs?|agents?|substances?|therap(y|ies)) (that|which) (are"
    r"|is) (known (to be )?)?(an? )?(?=\ue000)"
    r"|infected (with|by) (the )?(?=\ue000)|anticipation of (the )?(need|requirement) for (an? |any "
    r"|such an? )?(?=\ue000)"
    r"|(?<!or )(?<!or is )(?<!or are )scheduled (to have|for|to receive|to undergo) (an? )?(?=\ue000)"
    r"|failure of (an? |the |any )?(?=\ue000)"
    r"|(clinical )?(signs?|symptoms?)( (or|and|and/or) (signs?|symptoms?)|/ ?symptoms?)? ?(suggestive "
    r"|indicative )?of (?=\ue000)"
    r"|to (avoid|prevent) (?=\ue000)"
    r"|(therap(y|ies)|treatments?|regimens?|agents?|drugs?|medications?|doses?|courses?|cycles?|lines?) (with"
    r"|of|using|containing) "
    r"((an?|any|the|either|other) )*(?=\ue000)"
    r"|(tumou?rs?|lesions?) (is|are|must be|that (is|are))? ?(?=\ue000))"
    r"|\ue000[\s,()]*(version|v\.?)[\s(]*v?[)\s]*\d(\.\d+)?"
    r"|(?<=\ue000)[ -]+(therap(y|ies)|treatments?|regimens?|agents?|drugs?|medications?|prescriptions?"
    r"|products?|status|histology|subtype"
    r"|tumou?rs?|lesions?|events?|index|score|level|components?|mutations? status|stadium|injections?"
    r"|infusions?|tablets?)\b",
    re.I,
)
NUMERALS = re.compile(
    r"^\W*(\d+(\.\d+)*|[a-z]|[ivx]+)\\?[.)]\s|\b\d+(\.\d+)*\\?\.?\W*$|(?<=[.;:])\s+\d+(\.\d+)*\\?[.)]?\W*$", re.I
)
ORGANS = re.compile(
    r"\b(adequate|acceptable|normal|organ|systems?|bone|marrow|renal|kidney|hepatic|liver|ha?ematolog\w+"
    r"|ha?ematopoietic"
    r"|cardiac|heart|cardiovascular|pulmonary|lung|coagulation|functions?|reserve|laboratory|parameters?"
    r"|chemistry|blood"
    r"|prior|previous|therap(y|ies)|treatments?|status|phase"
    r"|counts?|biochemi\w+|measures?|requirements?|apply|fulfill?|characteristics)\b",
    re.I,
)
CONSENT = re.compile(
    r"\b(informed|consent\w*|assent\w*|sign\w*|writ\w+|written|willing\w*|unwilling\w*|able|unable|abilit\w+"
    r"|inabilit\w+|"
    r"capab\w+|incapab\w+|understand\w*|provid\w+|provision|giv\w+|form|document|icf?|voluntar\w+|legal\w*"
    r"|authori[sz]ed|"
    r"representatives?|guardians?|parents?|irb|approved|procedures?|protocol|compl(y|iance|iant|ying)|adhere\w*"
    r"|visits?|"
    r"schedul\w+|follow|follow-up|plan|instructions?|requirements?|participat\w+|join|cooperate\w*|good|nature"
    r"|purpose|"
    r"investigational|research|refus\w+|lack|absence|restrictions|read|freely|date|dated|personally|independently"
    r"|ethics|"
    r"committee|risks|comprehend|information|mentally|physically|return|length|entire|failure|accept|guarantee"
    r"|assurance|impossibility|availability|unlikely|dosing|questionnaires?|discomforts|aware|fully|in|of"
    r"|consenting|specified|lifestyle|stated|drug|administration|tests?|assessments?|feasibility|logistics"
    r"|issues|prospective"
    r"|examinations?|availability|unwillingness|considerations|subject's|regulatory|"
    r"accordance|national|local|guidelines|human|protection|privacy|policy|hipaa|authori[sz]ation|regulations?)\b",
    re.I,
)
EXCEPT = re.compile(r"\b(unless|except\w*|other than|excluding|apart from|aside from|with the exclusion of)\b", re.I)
SPARES = re.compile(
    r"\b(unless|except\w*|other than|apart from|aside from|besides|exclud\w+|with the exclusion of)\b", re.I
)
SPARED_IF = re.compile(r"\b(unless|except (if|when|where)|only (if|when)|provided)\b", re.I)
STATES = re.compile(
    r"\b(treated|treatment|controlled|stable|resolved|resected|completed|asymptomatic|recovered|inactive|cured|off"
    r"|free|able|approved|agree\w*|consider\w*|deemed|eligible|less|more|least)\b",
    re.I,
)
WHICHEVER = re.compile(r"\bwhichever\b|\b(longer|shorter|later|earlier|greater|lesser) of\b", re.I)
NEEDS = re.compile(
    r"\b(requir\w+|need(s|ing|ed)?( of| for)?|indicat\w+ for|indications? for|warrant\w*) ([\w\ue000-]+ ){0,2}"
    r"(treatments?|therap(y|ies)|interventions?)\b",
    re.I,
)
CASES = re.compile(
    r"\b(if|provided|in (the )?cases? of|whose|only (for|in|if|when)|when|(for|in|among) (the )?(patients"
    r"|subjects|participants|those"
    r"|women|men|males|females|children|adults)|(cohorts?|part|phase|arms?|groups?|step|stratum|strata) ([a-z]"
    r"|\d+[a-z]?|i+)|"
    r"cohorts?|otherwise|regardless|irrespective|instead|exceptions?)\b",
    re.I,
)
OPEN_RANGE = re.compile(r"^\W*(≥|>|at least|more than|greater than)\W*\d[\d.,]*\s*[-–]\s*\d", re.I)
OPEN_ENDS = re.compile(
    r"(?<![=<>≤≥])[<>](?!\W{0,2}[=<>])(?!\s*or equal)"
    r"|(?<!no )(?<!not )\b(more|greater|older|higher|less|fewer|younger|lower) than\b(?!,? (or|and) equal)",
    re.I,
)
OPEN_END = re.compile(r"\b(defined (as|by)|following|includ\w+|such as|as follows)[^\w\ue000]*$|:\s*$", re.I)
NEGATED = re.compile(r"\b(no|not|never|without|nor|neither)\b(?! (limited|otherwise|specified|applicable))", re.I)
NEGATED_LEAD = re.compile(
    r"\W*(patients?|subjects?|participants?)? ?((must|may|should|can) ?not|(with|have|has)? ?(no|without))\b", re.I
)
DEFINED = re.compile(r"\bdefined (as|by)\b", re.I)
DISJOINS = re.compile(r"\b(or|either|and/or)\b", re.I)
COMPARED = re.compile(
    r"\b((less|more|greater|fewer|better|worse|higher|lower|older|younger) than|at (least|most)|up to|minimum|maximum"
    r"|no (more|less|greater|fewer))\W*(an? |the )?$",
    re.I,
)
OR_MORE = re.compile(r"\W*or (more|less|greater|better|higher|lower|worse|older|younger)\b", re.I)
TREATED_FOR = re.compile(
    r"\b(treatments?|treated|therap(y|ies)|medications?|drugs?|screened|screening|tested|risk|family history"
    r"|vaccin\w+|exposure|"
    r"immunity) (factors? )?(for|of|with|to|against)\W+(\w+\W+)?$",
    re.I,
)
ITS_TREATMENT = re.compile(
    r"\W{1,2}(treatments?|therap(y|ies)|drugs?|medications?|screening|risk|vaccin\w+|trials?)\b", re.I
)
CONTRAINDICATED = re.compile(
    r"\b(contraindicat\w+|intoleran\w+|ineligib\w+ (for|to)|candidates? for|refus\w+|declin\w+|unable|cannot"
    r"|not (yet |fully )?recovered)\b",
    re.I,
)
GRADED = re.compile(
    r"grade|class|score|stage|ecog|zubrod|who|karnofsky|kps|\bps\b|performance|child|exactly|equal|=|only", re.I
)
RECOVERED = re.compile(r"\b(?:and|have|has|had|be|are|is|been|fully|adequately) recovered\b(?! (?:from|to)\b)", re.I)
RECOVERED_FROM = re.compile(r"\brecover\w* from\W+(\w+\W+){0,2}$", re.I)
RESOLVED = re.compile(r"\b(recover|resol|return|improv)\w*", re.I)
BARE_CLASS = re.compile(
    r"(strong |moderate |potent )*(inhibitors?|inducers?|agents?|drugs?|substrates?|antagonists?)", re.I
)
GENERAL_WORD = re.compile(
    r"(dys|mal)functions?|impairments?|insufficiency|abnormalit(y|ies)|disorders?|illness(es)?|medical"
    r"|syndromes?|events?"
    r"|procedures?|surgery|surgical|therap(y|ies)|radiation|irradiation|resections?|operations?|cancers?|tumou?rs?"
    r"|malignan(t|cy|cies)|carcinomas?|systems?|hepatic|renal|cardiac|bleeding|intercurrent|serious|gi|cns|hiv"
    r"|agents?|drugs?|medications?|infections?|standard|complete|anti",
    re.I,
)  # says no kind and no site that the concept would lack
HEAD_NOUN = re.compile(
    r"\b(cancers?|carcinomas?|adenocarcinomas?|sarcomas?|lymphomas?|leuk[a]?emias?|tumou?rs?|neoplasms?"
    r"|malignanc(y|ies)"
    r"|disease|disorders?|failure|infections?|abuse|neuropathy|metastas[ei]s|syndrome|disorder|therapy|therapies"
    r"|inhibitors?|antibod(y|ies)|mutations?|insufficiency|dysfunction|impairment|transplant\w*|surgery|toxicit(y"
    r"|ies))$",
    re.I,
)
LACKS_A_NOUN = re.compile(
    r"(ic|al|ar|ous|oid|ory|(?<!posit)(?<!negat)ive|an|drug|breast|lung|colon|liver|bone|kidney|heart|brain"
    r"|skin|prostate|cervix|ovary|alcohol|substance)$",
    re.I,
)
CONTRACEPTION = re.compile(
    r"contracept|birth control|pregnan|abstin|abstain|barrier|donat|intrauterine|sterili|vasectom|condom|hcg", re.I
)
# What a state may do to a trial: verbs by their stems, and the words of what they do it to
HINDERS = re.compile(
    r"\b(interfer|preclud|limit|compromis|jeopardi|affect|impair|prevent|hamper|imped|hinder|confound|complicat"
    r"|contraindicat|prohibit|increas|endanger|obscur|influenc|restrict|disturb|expos|unsafe|unsuitab"
    r"|inappropriat|undesirabl)\w*|\b((make|put|pose|place|render|cause)s?|(mak|putt|pos|plac|caus|render)ing)\b",
    re.I,
)
_TRIAL_WORDS = """
abilities ability absorb absorption accurate additional adequate adhere adherence administer administering adverse
adversely affected agent agents also analyses analysis assessing assessments associated attend attendance believes
candidate cannot capacity capsules completing compliance complications comply complying conduct consent considers
could data deem deems drug drugs duration effect effectiveness efficacy endpoint endpoints enrolling enter entering
evaluating evaluations excessive excretion factors feels follow follow-up followup full fully further give giving good
harm hazard hazardous hazards high inability incapable increased ineligible informed ingestion integrity intended
interpret interpretation interpreting investigational likely medication medications metabolism might objective
objectives obtaining obviously optimal oral outcome outcomes pharmacokinetic pharmacokinetics poor possibly potential
potentially procedure procedures product proper properly prospective protocol protocol-specified protocols provide
providing reasonably reduces regarding rendering renders requirements response right rights risk risks safe safely
safety schedule scheduled seriously significantly staff substantially successful swallow swallowing tablets team
therapy tolerate tolerating toxicities toxicity unacceptable unacceptably understand understanding undue unduly
validity visits welfare well well-being whole
"""
TRIAL = EMPTY | frozenset(_TRIAL_WORDS.split())
