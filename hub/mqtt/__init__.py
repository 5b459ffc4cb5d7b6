"""MQTT clients that reconnect, and the demo's broker.

``client`` is the interface that the rest of the hub uses, ``reconnecting_client`` implements it with flow control, and
``version_negotiation`` chooses the version of MQTT. One ``connection`` is either ``fast`` (MQTT 5) or ``aiomqtt``
(MQTT 3.1.1). ``mosquitto_acl`` writes the broker's password and access files.
"""
