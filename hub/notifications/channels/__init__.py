"""The kinds of channels, one file each."""

from hub.notifications.base import ChannelKind
from hub.notifications.channels.apprise import AppriseServices
from hub.notifications.channels.mail import Mail
from hub.notifications.channels.ntfy import Ntfy
from hub.notifications.channels.webhook import Webhook
from hub.notifications.channels.webpush import WebPush

CHANNEL_KINDS: dict[str, ChannelKind] = {
    each.kind: each
    for each in (
        Mail(),
        Ntfy(),
        Webhook(),
        AppriseServices(),
        WebPush(),
    )
}  # fmt: skip
