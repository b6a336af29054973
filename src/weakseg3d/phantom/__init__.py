"""The abdominal phantom: random patients, scanned by CT and MR, packed as the real sets are."""

ARCHIVE_NAMES = {"ct": "RawData.zip", "mr": "CHAOS_Train_Sets.zip"}
"""File name of each modality's archive: BTCV's and CHAOS' own."""
