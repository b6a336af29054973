"""Writing a release: gathered, checked by making its tables again, and packed."""

import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.files import temporary_folder, whole_file
from weakseg3d.ownership import check_claim, claim
from weakseg3d.packing import pack
from weakseg3d.release import contents
from weakseg3d.release.about import About
from weakseg3d.release.checksums import write_checksums
from weakseg3d.release.croissant import NAME as CROISSANT
from weakseg3d.release.croissant import croissant
from weakseg3d.release.privacy import check_nothing_private
from weakseg3d.release.readme import readme
from weakseg3d.release.ro_crate import NAME as RO_CRATE
from weakseg3d.release.ro_crate import ro_crate
from weakseg3d.release.tables import made_again
from weakseg3d.report.build import build_report
from weakseg3d.report.from_settings import options_from, rows_from
from weakseg3d.report.results import Results
from weakseg3d.report.settings import NAME as SETTINGS
from weakseg3d.report.settings import Settings, read_settings


def write_release(folder: str | os.PathLike[str], about: About, out: str | os.PathLike[str]) -> None:
    """Write the results in ``folder``, those of an experiment, as the archive ``out``; the same give the same bytes.

    Raises UserError if the report is missing or not made of what is there, if a table cannot be made again from the
    archive, if a file would publish a folder of this machine, and if ``out`` exists and is not ours.
    """
    out, results = Path(out), Results(folder)
    check_claim(out.parent, [out.name])
    settings, inputs = contents.released_settings(results, read_settings(results.folder / SETTINGS))
    with temporary_folder(out.with_name(f"{out.name}-files")) as staged:
        _put(inputs | {SETTINGS: settings.text().encode()} | _other_files(results, settings, about), staged)
        tables = made_again(staged)
        for name, table in tables.items():
            path = results.folder / name
            if not path.is_file() or path.read_bytes() != table:
                raise UserError(f"{path}: not what the results of now give; run the workflow, or 'report', again")
        report = _report(results, settings.with_inputs(lambda name: str(inputs[name])), about)
        for name, table in tables.items():
            if report[name] != table:
                raise UserError(f"{results.folder}: {name} does not follow from the release alone; please report this")
        _put(report, staged)
        _put({CROISSANT: croissant(staged, about, results).encode()}, staged)
        _put({RO_CRATE: ro_crate(staged, tables, about, results, settings).encode()}, staged)
        check_nothing_private(staged, [results.folder])
        write_checksums(staged)
        claim(out.parent, [out.name])
        with whole_file(out) as partial, zipfile.ZipFile(partial, "w") as archive:
            pack(archive, staged)


def _other_files(results: Results, settings: Settings, about: About) -> contents.Files:
    """Return all files but the report and the inputs that the settings name."""
    files = contents.inputs_of_tables(results)
    files |= contents.records_of_trainings(results)
    files |= contents.annotations(results, about.voxels, about.people)
    files |= contents.configuration(results)
    files |= {contents.DIGESTS: contents.digests(results)}
    if about.voxels:
        files |= contents.predictions(results) | contents.pictures(results)
    return files | {"README.md": readme(about, results, settings).encode()}


def _report(results: Results, settings: Settings, about: About) -> dict[str, bytes]:
    """Return the files of the report, which shows scans only if the release holds voxels."""
    options = options_from(settings, results.folder / "figures", scans=about.voxels)
    files = build_report(rows_from(settings, results), options, results).files
    return {name: content if isinstance(content, bytes) else content.encode() for name, content in files.items()}


def _put(files: Mapping[str, Path | bytes], folder: Path) -> None:
    """Write or copy ``files`` into ``folder``."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            shutil.copyfile(content, folder / name)
