"""Where our concepts' ids stand in the code systems of FHIR and OMOP: one table, read in both directions."""

from __future__ import annotations

from typing import NamedTuple

from oncogloss.schema import Concept


class System(NamedTuple):
    """A vocabulary: the prefix of its ids here, its URI in FHIR, its VOCABULARY_ID in OMOP (or our prefix, where OMOP
    has none that we know), and whether its codes are written with the prefix in FHIR."""

    prefix: str
    uri: str
    omop: str
    prefixed: bool = False


SYSTEMS = (
    System("NCIT", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "NCIt"),
    System("MESH", "https://www.nlm.nih.gov/mesh", "MeSH"),
    System("HGNC", "http://www.genenames.org", "HGNC", prefixed=True),
    System("NCBIGene", "https://identifiers.org/ncbigene", "NCBIGene"),
    System("DOID", "http://purl.obolibrary.org/obo/doid.owl", "DOID", prefixed=True),
    System("MONDO", "http://purl.obolibrary.org/obo/mondo.owl", "MONDO", prefixed=True),
    System("ICDO", "http://terminology.hl7.org/CodeSystem/icd-o-3", "ICDO3"),
    System("ONCOTREE", "http://oncotree.mskcc.org", "ONCOTREE"),
    System("UNII", "http://fdasis.nlm.nih.gov", "UNII"),
    System("CHEBI", "http://purl.obolibrary.org/obo/chebi.owl", "CHEBI", prefixed=True),
    System("CHEMBL", "https://identifiers.org/chembl.compound", "CHEMBL"),
    System("DRUGBANK", "https://identifiers.org/drugbank", "DRUGBANK"),
    System("CIVIC.MPID", "https://identifiers.org/civic.mpid", "CIViC"),
    System("GDC", "https://docs.gdc.cancer.gov/Data_Dictionary", "GDC"),
    System("CDR", "https://www.cancer.gov/publications/dictionaries/cancer-drug", "CDR"),
    System("OG", "urn:oncogloss:concept", "oncogloss"),
)
_BY_PREFIX = {system.prefix: system for system in SYSTEMS}
_BY_URI = {system.uri: system for system in SYSTEMS}


def known_ids(concept: Concept) -> list[tuple[System, str]]:
    """The concept's own id and its cross-references as (vocabulary, bare code), without those of no vocabulary here."""
    parts = (id_.partition(":") for id_ in dict.fromkeys((concept.id, *concept.xrefs)))
    return [(_BY_PREFIX[prefix], code) for prefix, _, code in parts if prefix in _BY_PREFIX and code]


def fhir_code(system: System, code: str) -> str:
    """A bare code as FHIR writes it."""
    return f"{system.prefix}:{code}" if system.prefixed else code


def id_of(uri: str, code: str) -> str:
    """The id that a FHIR coding stands for. Raises KeyError where the URI is none of ours."""
    system = _BY_URI[uri]
    return code if system.prefixed else f"{system.prefix}:{code}"
