"""Read-only functions over live state and history, with the schemas that a language model uses to call them.

No function here changes state or sends anything to a device.
"""

from hub.tools.functions import Tools
from hub.tools.model_context import ModelContextServer, Resource, ResourcePage, Resources, ResourceTemplate
from hub.tools.queries import Queries
from hub.tools.schema import call, specs

__all__ = [
    "ModelContextServer",
    "Queries",
    "Resource",
    "ResourcePage",
    "ResourceTemplate",
    "Resources",
    "Tools",
    "call",
    "specs",
]
