"""Back up a data folder into one file, and restore it.

An archive is a tar file with the files of the folder. Its last file is ``manifest.json`` with the size and SHA-256 of
each file. The history in it is a consistent copy, also if the hub writes in the meantime. By default, an archive
contains no secrets, and a restore keeps the tokens and passwords that the folder already has.
"""

from hub.archive.create import pack
from hub.archive.manifest import ASIDE, SHARED, Manifest, is_allowed, names_in
from hub.archive.restore import adopt, stage

__all__ = ["ASIDE", "SHARED", "Manifest", "adopt", "is_allowed", "names_in", "pack", "stage"]
