"""A day of faults with labels, live for a hub beside Prometheus and Alertmanager with equal rules.

``python -m benchmarks.labelled_day [--hours 24] [--faults 200] [--quiet-hours 200] [--seed 1] [--compress 24] [-v]``

100 devices behind five gateways report every minute: pumps, cold rooms, air handlers, tanks, meters, boilers and doors,
with daily cycles, weather, noise, starts and stops. Faults are labelled with their begin, the moment when a person
would say that the condition is met, and their end. In the quiet hours nothing is wrong, although sensors send a wrong
value, devices restart, reports are late or lost, loads change. The author has not seen how the hub judges rules.

All times are divided by ``--compress``: intervals, ``for``, windows, waiting times; a day takes an hour. The hub and an
exporter for Prometheus subscribe to one Mosquitto. Afterwards a gateway with 200 devices loses power, and returns with
three of them still dead.

- *delay*: from the labelled moment to the alert (``raised_at`` of the hub, ``startsAt`` of Prometheus) or to the first
  message, in seconds of the simulated day. It is negative if noise crossed the limit before the ideal value did.
- *false alarm*: an alert that belongs to no fault, by device, rule and time (until ten minutes after the end).
- *incident*: of the hub its own; of Alertmanager a group (the alerts of a device) from its first message until it is
  resolved.

Mosquitto, Prometheus and Alertmanager are Debian packages. What cannot be scaled: an alert of the hub is late if its
reading is five minutes old, and group waits are whole seconds.
"""
