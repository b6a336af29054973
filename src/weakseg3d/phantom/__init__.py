"""The abdominal phantom: random patients, scanned by CT and MR, and packed like the real datasets."""

ARCHIVE_NAMES = {"ct": "RawData.zip", "mr": "CHAOS_Train_Sets.zip"}
"""File name of each modality's archive, as in BTCV and CHAOS."""
