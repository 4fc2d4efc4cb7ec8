"""Invented records; no word of them stands in a real trial."""

import json
from typing import Any

import pytest

_STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT99999901",
            "briefTitle": " Zorbatinib in Moon Sarcoma ",
            "officialTitle": "A Pretend Study of Zorbatinib in Moon Sarcoma",
        },
        "descriptionModule": {"briefSummary": "One.\r\nTwo.", "detailedDescription": None},
        "conditionsModule": {"conditions": ["Moon Sarcoma", "Crater Lesion"], "keywords": ["lunar"]},
        "eligibilityModule": {
            "eligibilityCriteria": "Inclusion Criteria:\n\n* ANC \\>= 1.5 · 10\\^9/L\n* 🌙 Age",
            "sex": "FEMALE",
            "minimumAge": "18 Years",
            "maximumAge": "N/A",
        },
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE1", "PHASE2"]},
        "statusModule": {"overallStatus": "RECRUITING"},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Lunar Clinic"}},
        "armsInterventionsModule": {
            "armGroups": [
                {"label": "Arm A", "type": "EXPERIMENTAL", "description": "Zorbatinib daily.\nFasting."},
                {"label": "Arm B", "type": "ACTIVE_COMPARATOR"},
            ],
            "interventions": [
                {"name": "Zorbatinib", "type": "DRUG", "description": "20 mg.", "otherNames": ["ZB-1", "Zorba"]},
                {"name": "Placebo."},
            ],
        },
        "outcomesModule": {
            "otherOutcomes": [{"measure": "Howling"}],
            "secondaryOutcomes": [{"measure": "OS", "description": "Time to death.", "timeFrame": "9 years."}],
            "primaryOutcomes": [{"measure": "PFS", "timeFrame": "2 years"}],
        },
    }
}

_XML = """<?xml version="1.0" encoding="UTF-8"?>
<clinical_study rank="7">
  <!-- an invented record -->
  <id_info><org_study_id>MOON-1</org_study_id><nct_id>NCT99999902</nct_id></id_info>
  <brief_title>Zorbatinib &amp; Hope</brief_title>
  <brief_summary>
    <textblock>
      First line of the summary
      and its wrapped rest.
    </textblock>
  </brief_summary>
  <sponsors><lead_sponsor><agency>Lunar Clinic</agency></lead_sponsor></sponsors>
  <overall_status>Active, not recruiting</overall_status>
  <phase>Phase 1/Phase 2</phase>
  <study_type>Interventional</study_type>
  <primary_outcome><measure>PFS</measure><time_frame>2 years</time_frame></primary_outcome>
  <secondary_outcome><measure>OS</measure><description>Time to death.</description></secondary_outcome>
  <condition>Moon Sarcoma</condition>
  <condition>Crater Lesion</condition>
  <arm_group><arm_group_label>Arm A</arm_group_label><arm_group_type>Active Comparator</arm_group_type>
    <description>Daily.</description></arm_group>
  <intervention>
    <intervention_type>Drug</intervention_type>
    <intervention_name>Zorbatinib</intervention_name>
    <description>20 mg.</description>
    <other_name>ZB-1</other_name>
    <other_name>Zorba</other_name>
  </intervention>
  <eligibility><criteria><textblock>
        Inclusion:

          -  Moon sarcoma, seen by
             telescope

          -  Age &gt;= 18
  </textblock></criteria>
    <gender>Both</gender><minimum_age>18 Years</minimum_age><maximum_age>N/A</maximum_age></eligibility>
  <keyword>lunar</keyword>
</clinical_study>
"""


@pytest.fixture(scope="session")
def study() -> str:
    """An invented study of the API v2, as JSON on many lines."""
    return json.dumps(_STUDY, indent=1)


@pytest.fixture(scope="session")
def study_line(study: str) -> str:
    """The same study on one line."""
    return json.dumps(json.loads(study))


@pytest.fixture(scope="session")
def xml() -> str:
    """An invented legacy XML record."""
    return _XML
