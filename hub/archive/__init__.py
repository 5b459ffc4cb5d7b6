"""Back up a data folder into one file, and restore it.

An archive is a tar file with the files of the folder. At its end is ``manifest.json`` with the size and SHA-256 of each
file. The history is a consistent copy that is made while the hub writes. By default, an archive contains no secrets: a
restore keeps the tokens and passwords that the folder has, and creates missing ones again.
"""

from hub.archive.create import pack
from hub.archive.manifest import Manifest
from hub.archive.restore import adopt, stage

__all__ = ["Manifest", "adopt", "pack", "stage"]
