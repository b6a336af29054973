"""Download, verify and unpack the raw files of a dataset, or explain which file to place where.

An archive that is already in the output folder, or that is named with --source, is used instead of downloading it; a
folder of unpacked files named with --source is linked. source.json is written last and records the origin of the files.
An interrupted download continues where it stopped. With --shared, several experiments and users share one copy.
"""

EXAMPLE = """  python -m weakseg3d download chaos_mr --out raw/chaos_mr
  python -m weakseg3d download btcv --out raw/btcv --source ~/Downloads/RawData.zip
  python -m weakseg3d download la2018 --out raw/la2018 --source /data/la2018"""


def add_arguments(parser):
    """Add the verb's options to ``parser``."""
    parser.add_argument(
        "dataset", metavar="DATASET", help="name under config/datasets, or the path of such a YAML file"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the dataset's raw folder")
    parser.add_argument("--source", metavar="PATH", help="archive or unpacked folder that is already on this machine")
    parser.add_argument(
        "--shared", metavar="DIR", help="folder for archives and unpacked files; --out then contains links"
    )
    parser.add_argument(
        "--offline", action="store_true", help="do not use the network; explain what to place where instead"
    )


def run(args):
    """Provide the raw files and print how many cases they hold."""
    from weakseg3d.datasets.description import load_dataset
    from weakseg3d.datasets.fetching.download import download

    record = download(load_dataset(args.dataset), args.out, args.source, args.shared, args.offline)
    print(f"{record['dataset']}: {record['cases']} cases from {record['origin']}")
