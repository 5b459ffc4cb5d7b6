"""The path from a message to a commit: the queue, the handler, the batch, the pipeline.

::

    MQTT client --offer--> IngestQueue --take--> IngestHandler --> Batch --> Committer --> Store
    API, clock  --submit,     |                   (decode, apply,   |          (one transaction)
                   put--------+                    evaluate rules)  |
                                                                    +--> acknowledge, answer, publish

``pipeline.py`` runs these parts and states the invariants.
"""
