"""The kinds of channels, one file each."""

from hub.notifications.base import ChannelKind
from hub.notifications.channels.webhook import Webhook

CHANNEL_KINDS: dict[str, ChannelKind] = {
    each.kind: each
    for each in (
        Webhook(),
    )
}  # fmt: skip
