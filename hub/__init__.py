"""Watchkeeper: an IoT hub whose alerts explain themselves.

The map of the floors. A module imports only from its own family (its package) or from lower floors; single files
on one floor do not import each other, save ``dialects`` -> ``topics``, ``control`` -> ``dialects``, ``activity`` ->
``rules`` and ``assistant`` -> ``tools``. ``tests/test_architecture.py`` holds this.

==  ==============  =========================================================================================
5   assembly        ``app`` (runs a hub, owns every task), ``hangup``, ``reload``, ``assembly``, ``server/``,
                    ``wiring``, ``serve``, ``demo``, ``doctor``, ``device``, ``backup``, ``exchange``,
                    ``running_hub``, ``access_token``, ``cli``, ``__main__``
4   outside face    ``api/``
3   use cases       ``committing``, ``liveness``, ``recovery``, ``decider``, ``pipeline``, ``outbox``, ``sender``,
                    ``devices``, ``alerts``, ``commands``, ``twins``, ``credentials``, ``housekeeping``,
                    ``archive/``, ``transfer``, ``tools``, ``diagnosis``, ``assistant``, ``analysis``, ``book``
2   edges           ``config``, ``files``, ``resources``, ``install``, ``sessions``, ``batch``, ``inbox``, ``bus``,
                    ``runs``, ``qr``, ``mqtt/``, ``store/``, ``tables/``, ``ai/``, ``uploads``, ``worker/``,
                    ``metrics``, ``usage``, ``memory``, ``clock``, ``log_setup``, ``fault_log``,
                    ``settings_errors``, ``environment``
1   decisions       ``addresses``, ``topics``, ``dedupe``, ``capacity``, ``activity``, ``dialects/``, ``control/``,
                    ``silence``, ``presence``, ``steady/``, ``states``, ``fleet``, ``rules/``, ``insight/``,
                    ``device_hints``: no await, no clock, no network; ``now`` is an argument
0   words           ``model/``, ``events``, ``errors``, ``bounds``: depend on nothing of ours
==  ==============  =========================================================================================
"""

__version__ = "0.1.0"
