"""A day of faults with labels, live for a hub beside Prometheus and Alertmanager with equal rules.

``python -m benchmarks.labelled_day [--hours 24] [--faults 200] [--quiet-hours 200] [--seed 1] [--compress 24] [-v]``

100 devices behind five gateways report every minute: pumps, cold rooms, air handlers, tanks, meters, boilers and doors,
with daily cycles, weather, noise, starts and stops. The label of a fault has three times: its beginning, the moment at
which a person would say that the condition is met, and its end. In the quiet hours no device is faulty, but sensors
send single wrong values, devices restart, reports are late or lost, and loads change. The author of the labels did not
know how the hub evaluates rules.

All times (intervals, ``for``, windows, waiting times) are divided by ``--compress``; by default, a day takes an hour.
The hub and an exporter for Prometheus subscribe to the same Mosquitto. After the day, a gateway with 200 devices loses
power; when it returns, three of its devices stay dead.

- *delay*: the time from the labelled moment to the alert (``raised_at`` of the hub, ``startsAt`` of Prometheus) or to
  the first message, in seconds of the simulated day. It is negative if noise crossed the limit before the value
  without noise did.
- *false alarm*: an alert that matches no fault by device, rule and time (until ten minutes after the fault's end).
- *incident*: for the hub, one of its incidents; for Alertmanager, a group (the alerts of one device) from its first
  message until it is resolved.

Mosquitto, Prometheus and Alertmanager are Debian packages. Two times are not scaled: the hub counts a reading that is
five minutes old as late, and the waiting times of groups are whole seconds.
"""
