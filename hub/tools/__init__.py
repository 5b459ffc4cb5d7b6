"""Read-only functions over live state and history, and the schemas by which a language model calls them.

No function here changes state or sends anything to a device.
"""

from hub.tools.functions import Tools
from hub.tools.queries import Queries
from hub.tools.schema import call, specs

__all__ = ["Queries", "Tools", "call", "specs"]
