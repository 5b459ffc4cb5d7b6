"""From a message to a commit: the queue, the handler, the batch, the pipeline."""
