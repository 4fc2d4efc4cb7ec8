-- Views over the tables of a store. The comment before each says what it answers.

-- Concepts that mentions name, with how many mentions and records name them
CREATE VIEW concepts AS
SELECT concept_id, any_value(concept_name) AS concept_name, any_value(concept_vocabulary) AS concept_vocabulary,
       any_value(type) AS type, any_value(drug_class) AS drug_class, any_value(drug_targets) AS drug_targets,
       count(*) AS mentions, count(DISTINCT record) AS records
FROM mentions WHERE concept_id IS NOT NULL GROUP BY concept_id;

-- Biomarkers that a trial requires (inc) or forbids (exc), part by part; those of one any_of are alternatives.
-- decisive: coverage says so of the criterion, which may ask something else
CREATE VIEW biomarker_requirements AS
WITH said AS (
    SELECT record, unnest(from_json(biomarkers,
        '[{"side":"VARCHAR","any_of":["VARCHAR"],"criterion":"VARCHAR","mentions":["VARCHAR"],"decisive":"BOOLEAN"}]')) AS r
    FROM trials
), each AS (
    SELECT record, r.side AS side, r.criterion AS criterion, r.any_of AS any_of, coalesce(r.decisive, false) AS decisive,
           unnest(r.mentions) AS mention
    FROM said
)
SELECT e.record, e.side, e.criterion, e.any_of, e.decisive, m.text, m.concept_name, m.marker_genes, m.marker_alteration, m.marker_state,
       m.marker_threshold
FROM each e JOIN mentions m USING (record, mention);

-- Trials that require KRAS G12C, or name it in their title, by phase
CREATE VIEW kras_g12c_by_phase AS
WITH named AS (
    SELECT record, text, marker_genes, marker_alteration FROM biomarker_requirements WHERE side = 'inc'
    UNION ALL
    SELECT record, text, marker_genes, marker_alteration FROM mentions
    WHERE type = 'BIOMARKER' AND passage IN ('brief_title', 'official_title') AND coalesce(len(attributes), 0) = 0
)
SELECT CASE WHEN len(t.phases) > 0 THEN array_to_string(t.phases, '/') ELSE 'not given' END AS phase,
       count(*) AS trials, list(t.record ORDER BY t.record) AS records
FROM trials t
WHERE t.record IN (
    SELECT record FROM named
    WHERE list_contains(marker_genes, 'KRAS') AND marker_alteration = 'p.Gly12Cys'
       OR regexp_matches(text, 'KRAS\W{0,2}(p\.)?(G12C|Gly12Cys)', 'i'))
GROUP BY 1 ORDER BY 1;

-- Treatments that must have ended some time before the trial, with their class and that time in days where it is a number
CREATE VIEW washouts AS
WITH timed AS (
    SELECT DISTINCT r.record, m.text AS treatment, coalesce(m.drug_class, m.concept_name, lower(m.text)) AS drug_class,
           trim(regexp_replace(r.tail_text, '\s+', ' ', 'g')) AS time
    FROM relations r JOIN mentions m ON m.record = r.record AND m.mention = r.head
    WHERE r.type = 'HAS_TIME'
), counted AS (
    SELECT *, regexp_extract(lower(time),
        '(\d+(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\W*(?:\([a-z]+\))?\W*(hour|day|week|month|year)',
        ['number', 'unit']) AS said
    FROM timed
)
SELECT record, treatment, drug_class, time,
       CAST(round(coalesce(try_cast(said.number AS DOUBLE), list_position(
           ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'], said.number))
       * CASE said.unit WHEN 'hour' THEN 1 / 24 WHEN 'day' THEN 1 WHEN 'week' THEN 7 WHEN 'month' THEN 30.4375
         WHEN 'year' THEN 365.25 END) AS INTEGER) AS days
FROM counted JOIN trials t USING (record)
WHERE list_contains(t.washouts, trim(regexp_replace(treatment, '\s+', ' ', 'g')) || ': ' || time);

-- Washout by class of drug: how many trials ask for one, and how long it is
CREATE VIEW washout_by_drug_class AS
SELECT drug_class, count(DISTINCT record) AS trials, median(days) AS median_days, min(days) AS shortest_days,
       max(days) AS longest_days
FROM washouts GROUP BY drug_class ORDER BY trials DESC, drug_class;

-- Cut-offs of PD-L1, and of its scores TPS and CPS, trial by trial
CREATE VIEW pd_l1_cutoffs AS
WITH each AS (SELECT *, unnest(mentions) AS mention FROM thresholds), said AS (
    SELECT e.record, e.criterion, e.measure, e.operator, e.value, e.high, e.unit, e.text, e.denied,
           bool_or(list_contains(m.marker_genes, 'CD274')) AS is_marker,
           bool_or(m.type IN ('DRUG', 'DRUG_CLASS', 'REGIMEN', 'PROCEDURE')) AS is_treatment
    FROM each e JOIN mentions m USING (record, mention) GROUP BY ALL
)
SELECT DISTINCT t.record, CAST(year(t.first_posted) AS VARCHAR) AS year, h.measure, h.operator, h.value, h.high, h.unit, h.text, c.side,
       h.denied
FROM said h JOIN trials t USING (record) LEFT JOIN criteria c ON c.record = h.record AND c.criterion = h.criterion
WHERE NOT is_treatment
  AND (is_marker OR regexp_matches(h.measure, 'PD-?L1|CD274|\bTPS\b|tumou?r proportion|combined positive', 'i'));

-- Cut-offs of PD-L1 over the years in which trials were first posted
CREATE VIEW pd_l1_cutoffs_by_year AS
SELECT coalesce(year, 'not given') AS year, operator, value, high, unit, count(DISTINCT record) AS trials
FROM pd_l1_cutoffs GROUP BY ALL ORDER BY ALL;

-- Markers that trials require, by year of first posting, and how many of the trials say so in a criterion that is understood
CREATE VIEW markers_by_year AS
SELECT coalesce(CAST(year(t.first_posted) AS VARCHAR), 'not given') AS year, gene, count(DISTINCT b.record) AS trials,
       count(DISTINCT b.record) FILTER (NOT b.decisive) AS understood
FROM (SELECT record, decisive, unnest(marker_genes) AS gene FROM biomarker_requirements WHERE side = 'inc') b JOIN trials t USING (record)
GROUP BY ALL ORDER BY year, trials DESC, gene;

-- Lines and intents of therapy, with how many trials name them
CREATE VIEW lines_of_therapy AS
SELECT lower(line) AS line, count(DISTINCT record) AS trials
FROM (SELECT record, unnest(lines) AS line FROM trials) GROUP BY 1 ORDER BY trials DESC, line;

-- Endpoints by name and rank
CREATE VIEW endpoints_by_name AS
SELECT lower(name) AS endpoint, rank, count(DISTINCT record) AS trials, median(time_high_days) AS median_days
FROM endpoints GROUP BY ALL ORDER BY trials DESC, endpoint, rank;

-- Every threshold with the side of its criterion, the concept of what is compared, and whether who is eligible meets it
-- (null outside criteria)
CREATE VIEW limits AS
SELECT t.record, t.criterion, c.side, t.measure, m.concept_id AS measure_id, t.operator, t.value, t.high, t.unit,
       CASE (c.side = 'exc') = t.denied WHEN true THEN 'yes' WHEN false THEN 'no' END AS met, t.condition, t.text
FROM thresholds t LEFT JOIN criteria c ON c.record = t.record AND c.criterion = t.criterion
                  LEFT JOIN mentions m ON m.record = t.record AND m.mention = t.mentions[1];

-- Cut-offs by measure and unit, and whether who is eligible meets them or not (what is excluded, denied or spared)
CREATE VIEW cutoffs AS
SELECT measure, unit, operator, met, count(DISTINCT record) AS trials, median(value) AS median_value,
       median(high) AS median_high, min(value) AS least, max(value) AS most
FROM limits GROUP BY ALL ORDER BY trials DESC, measure, unit, operator, met;

-- How much of the eligibility texts was understood
CREATE VIEW coverage_by_status AS
SELECT status, sum(end_char - start_char) AS characters, count(*) AS stretches, count(DISTINCT record) AS trials
FROM coverage GROUP BY status ORDER BY characters DESC;

-- A team's own labels, with how many mentions and records have them
CREATE VIEW own_labels AS
SELECT label, count(*) AS mentions, count(DISTINCT record) AS records, mode(lower(text)) AS commonest
FROM own_mentions GROUP BY label ORDER BY mentions DESC, label;

-- What read the records: models, each over a vocabulary, terms and a version of oncogloss; more than one are mixed figures
CREATE VIEW systems AS
SELECT any_value(t.model_name || ' ' || t.model_version) AS model, count(*) AS records, max(r.part) AS last_part, r.system_sha256
FROM records r JOIN trials t USING (record) GROUP BY r.system_sha256 ORDER BY last_part DESC;

-- Failures by kind
CREATE VIEW failures_by_kind AS SELECT kind, count(*) AS failures FROM failures GROUP BY kind ORDER BY failures DESC;
