"""Croissant 1.1 with RAI and PROV-O: the exported folder of a version as JSON-LD.

Sources: the Croissant format specification 1.1 and the Croissant RAI specification 1.0 (MLCommons), PROV-O (W3C).
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from assay.govern.card_facts import CardFacts, Column
from assay.govern.filling import Fill
from assay.govern.limits import limits

CONFORMS_TO: Final = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
PARQUET: Final = "application/x-parquet"
FILES: Final = "parquet-files"
EXAMPLES: Final = "examples"

CROISSANT_KEYS: Final = (
    "license", "publisher", "homepage", "citation", "collection", "annotation", "annotators", "personal_data",
    "intended_uses", "biases", "social_impact", "maintenance",
)  # fmt: skip

_TERMS = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject",
    "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip

CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file of the exported folder. `path` is relative to it, with `/`; `sha256` is hex."""

    path: str
    split: str
    rows: int
    bytes: int
    sha256: str


def croissant(facts: CardFacts, fill: Fill, files: Sequence[ExportedFile]) -> dict[str, Any]:
    """The JSON-LD of a version as `export --format hf` writes it; properties that nobody told are absent."""
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "@id": _urn(facts, f"{facts.dataset}:v{facts.number}"),
        "name": fill.text("pretty_name") or facts.dataset,
        "description": fill.text("summary") or f"{facts.rows:,} examples for fine-tuning: {facts.version}.",
        "identifier": facts.fingerprint,
        "version": f"{facts.number}.0.0",
        "dateCreated": facts.made[:19] + "Z",
        "datePublished": next((act.time[:10] for act in facts.acts if act.action == "release"), ""),
        "isLiveDataset": False,
        "inLanguage": list(facts.told_languages),
        "license": fill.text("license"),
        "url": fill.text("homepage"),
        "citeAs": fill.text("citation"),
        "creator": _organisation(fill),
        "publisher": _organisation(fill),
        **_rai(facts, fill),
        **_provenance(facts),
        "distribution": [*map(_file, files), _file_set()],
        "recordSet": [_split_set(facts), _record_set(facts)],
    }
    return {key: value for key, value in found.items() if value not in ("", [], {}, None)}


def _urn(facts: CardFacts, what: str) -> str:
    return f"urn:assay:{facts.registry}:{quote(what, safe=':')}"


def _organisation(fill: Fill) -> dict[str, Any]:
    name = fill.text("publisher")
    return {"@type": "sc:Organization", "name": name} if name else {}


def _rai(facts: CardFacts, fill: Fill) -> dict[str, Any]:
    steps = facts.curated.steps if facts.curated else ()
    done = [f"{s.stage}: {s.rejected:,} of {s.entered:,} records rejected" for s in steps]
    return {
        "rai:dataCollection": fill.text("collection"),
        "rai:dataCollectionTimeFrame": _time_frame(facts),
        "rai:dataPreprocessingProtocol": done,
        "rai:dataAnnotationProtocol": list(fill.all("annotation")),
        "rai:annotatorDemographics": list(fill.all("annotators")),
        "rai:machineAnnotationTools": list(facts.tally("generator").names),
        "rai:dataUseCases": list(fill.all("intended_uses")),
        "rai:dataBiases": list(fill.all("biases")),
        "rai:dataLimitations": [*fill.all("limitations"), *limits(facts)],
        "rai:dataSocialImpact": fill.text("social_impact"),
        "rai:personalSensitiveInformation": list(fill.all("personal_data")),
        "rai:dataReleaseMaintenancePlan": fill.text("maintenance"),
    }


def _time_frame(facts: CardFacts) -> list[str]:
    """The first day of the first month and the last day of the last one."""
    if facts.collected is None:
        return []
    first, last = facts.collected
    year, month = int(last[:4]), int(last[5:7])
    return [f"{first}-01", f"{last}-{calendar.monthrange(year, month)[1]:02d}"]


def _provenance(facts: CardFacts) -> dict[str, Any]:
    """PROV-O: which entities it came from, which act made it, and whose work the examples are."""
    parents = [_entity(_urn(facts, parent.replace("@", ":")), parent) for parent in facts.parents]
    sources = [
        _entity(f"urn:sha256:{source.sha256}", source.uri) for source in facts.sources if source.sha256
    ]
    unique = {entity["@id"]: entity for entity in [*parents, *sources]}
    activity: dict[str, Any] = {
        "@type": "prov:Activity",
        "@id": _urn(facts, f"{facts.dataset}:v{facts.number}:{facts.action}"),
        "name": f"{facts.action} of {facts.version}",
        "prov:endedAtTime": {"@type": "xsd:dateTime", "@value": facts.made},
        "prov:wasAssociatedWith": [
            {"@type": "prov:Agent", "@id": _urn(facts, f"actor:{facts.actor}"), "name": facts.actor},
            {
                "@type": "prov:SoftwareAgent",
                "@id": f"urn:assay:program:{quote(facts.program)}",
                "name": facts.program,
            },
        ],
    }
    if facts.curated and facts.curated.recipe_digest:
        digest = facts.curated.recipe_digest.removeprefix("sha256:")
        activity["prov:used"] = [_entity(f"urn:sha256:{digest}", "recipe"), *unique.values()]
    writers = [
        {
            "@type": "prov:SoftwareAgent",
            "@id": _urn(facts, f"generator:{name}"),
            "name": name,
            "description": f"wrote {count:,} of {facts.rows:,} examples",
        }
        for name, count in facts.tally("generator").values
    ]
    return {
        "prov:wasDerivedFrom": list(unique.values()),
        "prov:wasGeneratedBy": activity,
        "prov:wasAttributedTo": writers,
    }


def _entity(id: str, name: str) -> dict[str, Any]:
    return {"@type": "prov:Entity", "@id": id, "name": name}


def _file(file: ExportedFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "description": f"{file.rows:,} examples of the split {file.split}",
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": PARQUET,
        "sha256": file.sha256,
    }


def _file_set() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": FILES,
        "name": FILES,
        "description": "Parquet files of all splits.",
        "encodingFormat": PARQUET,
        "includes": "data/*.parquet",
    }


def _split_set(facts: CardFacts) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [{"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{"splits/name": split.files} for split in facts.splits],
    }


_TYPES: Final = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "int64": "sc:Integer",
    "float64": "sc:Float",
    "json": "sc:Text",
}


def _record_set(facts: CardFacts) -> dict[str, Any]:
    split = {
        "@type": "cr:Field",
        "@id": f"{EXAMPLES}/split",
        "name": "split",
        "description": "The split, from the file's name.",
        "dataType": "sc:Text",
        "references": {"field": {"@id": "splits/name"}},
        "source": {
            "fileSet": {"@id": FILES},
            "extract": {"fileProperty": "fullpath"},
            # Readers apply it twice, to the path and then to its own answer: it maps an answer to itself.
            "transform": {"regex": r"^(?:.*data/)?(.+?)(?:-[0-9]{5}-of-[0-9]{5}\.parquet)?$"},
        },
    }
    return {
        "@type": "cr:RecordSet",
        "@id": EXAMPLES,
        "name": EXAMPLES,
        "description": f"The {facts.rows:,} examples of {facts.version}.",
        "key": {"@id": f"{EXAMPLES}/id"},
        "field": [split, *(_field(EXAMPLES, column, column.name, None) for column in facts.columns)],
    }


def _field(parent: str, column: Column, stored: str, inner: str | None) -> dict[str, Any]:
    here = f"{parent}/{column.name}"
    field: dict[str, Any] = {"@type": "cr:Field", "@id": here, "name": column.name}
    if column.note:
        field["description"] = column.note
    if column.type == "messages":
        return field | {
            "isArray": True,
            "arrayShape": "-1",
            "subField": [_field(here, one, stored, one.name) for one in column.fields],
        }
    source: dict[str, Any] = {"fileSet": {"@id": FILES}, "extract": {"column": stored}}
    if inner is not None:
        source["transform"] = {"jsonPath": inner}
    return field | {"dataType": _TYPES[column.type], "source": source}
