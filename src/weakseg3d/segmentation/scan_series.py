"""Many scans, one after the other: what is done already is passed over, what cannot be read is listed."""

import csv
import functools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError, printable
from weakseg3d.files import whole_file
from weakseg3d.inference.model import load_model
from weakseg3d.ownership import check_claim, claim
from weakseg3d.progress import Progress
from weakseg3d.segmentation.formats import check_format, writer
from weakseg3d.segmentation.memory import check_memory
from weakseg3d.segmentation.model_files import ModelFile
from weakseg3d.segmentation.organs import segment
from weakseg3d.segmentation.scans import Scan, read_scan
from weakseg3d.segmentation.volumes_table import COLUMNS, TABLE
from weakseg3d.texts import as_cell, read_json

MODELS_HELD = 8
"""Networks that stay in memory between scans; with more organs than that, each is read again for every scan."""


def segment_scans(
    scans: Sequence[Scan], models: Sequence[ModelFile], out: Path, suffix: str, memory: float | None = None
) -> None:
    """Write ``{scan}.{suffix}`` and ``{scan}.json`` into ``out`` for every scan, and a table of all of them.

    Scans that need more than ``memory`` GB are listed with the others that could not be segmented.

    Raises UserError before anything is written if a file that is not ours is in the way, a scan has no such label map
    or a model cannot be used, and at the end if a scan could not be segmented.
    """
    check_format(suffix, scans, models)
    check_claim(out, [TABLE, *(name for scan in scans for name in _names(scan, suffix))])
    load = functools.lru_cache(MODELS_HELD)(load_model)
    recipes = [load(model.path)[1] for model in models]
    records: dict[str, dict[str, Any]] = {}
    with Progress(len(scans), "segmenting", unit="scan") as progress:
        for scan in scans:
            names = [[model.organ, model.digest] for model in models]
            inputs = {"models": names, "scan": scan.state(), "format": suffix}
            record = _finished(scan, out, suffix, inputs)
            try:
                if memory is not None and record is None:
                    check_memory(scan, recipes, memory)
                records[scan.name] = record or _segment_one(scan, models, load, inputs, out, suffix)
            except UserError as error:
                records[scan.name] = {"problem": str(error)}
                print(f"weakseg3d segment: {printable(error)}; left out", flush=True)
            progress.advance()
    claim(out, [TABLE])
    _write_table(records, out / TABLE)
    failed = [name for name, record in records.items() if "problem" in record]
    if failed:
        raise UserError(
            f"{out / TABLE}: {len(failed)} of {len(scans)} scans could not be segmented; its last column says why"
        )


def _names(scan: Scan, suffix: str) -> tuple[str, str]:
    return f"{scan.name}.{suffix}", f"{scan.name}.json"


def _finished(scan: Scan, out: Path, suffix: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a scan that was segmented before from the same ``inputs``, or None."""
    mask, record = (out / name for name in _names(scan, suffix))
    if not (mask.is_file() and record.is_file()):
        return None
    try:
        content = read_json(record)
    except UserError:
        return None
    return content if isinstance(content, dict) and content.get("inputs") == inputs else None


def _segment_one(
    scan: Scan, models: Sequence[ModelFile], load: Any, inputs: dict[str, Any], out: Path, suffix: str
) -> dict[str, Any]:
    """Segment one scan, write its label map and, last, its record; return the record."""
    write = writer(suffix, scan, models)
    labels, found = segment(read_scan(scan), (load(model.path) for model in models))
    organs = [model.organ for model in models]
    mask, record = (out / name for name in _names(scan, suffix))
    claim(out, _names(scan, suffix))
    # An old record must not speak for the new label map.
    record.unlink(missing_ok=True)
    write(labels, mask)
    content = {
        "labels": {"background": 0, **{organ: number for number, organ in enumerate(organs, start=1)}},
        "organs": {organ: _rounded(each._asdict()) for organ, each in zip(organs, found, strict=True)},
        "inputs": inputs,
    }
    with whole_file(record) as partial:
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return content


def _rounded(values: dict[str, float]) -> dict[str, float | None]:
    """Return numbers with five digits; JSON has no NaN."""
    return {name: None if math.isnan(value) else float(f"{value:.5g}") for name, value in values.items()}


def _write_table(records: dict[str, dict[str, Any]], path: Path) -> None:
    """Write one row per scan and organ, those without a result first, then the most uncertain."""
    rows: list[dict[str, Any]] = [
        {"scan": name, "organ": organ, "problem": record.get("problem", ""), **values}
        for name, record in records.items()
        for organ, values in record.get("organs", {"": {}}).items()
    ]
    rows.sort(key=lambda row: _certainty(row.get("uncertainty_bits")))
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            texts = {key: as_cell(str(row[key])) for key in ("scan", "organ", "problem")}
            writer.writerow({**row, **texts})


def _certainty(uncertainty: float | None) -> float:
    """Return a sort key. An organ that was not found has no uncertainty; a person must look whether that is right."""
    return -math.inf if uncertainty is None else -uncertainty
