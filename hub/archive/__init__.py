"""Back up a data folder into one file, and restore it.

An archive is a tar file: the folder's files, and at its end ``manifest.json`` with the size and SHA-256 of each. The
history comes as a copy made while the hub writes; everything else is a file of the folder. No secret is in it: tokens
and passwords stay where they are, and are made anew where they are missing.
"""

from hub.archive.create import pack
from hub.archive.manifest import Manifest
from hub.archive.restore import adopt, stage

__all__ = ["Manifest", "adopt", "pack", "stage"]
