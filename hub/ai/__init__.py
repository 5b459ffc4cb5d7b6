"""Language models behind one interface: OpenAI, Ollama, and the hub's built-in analyst, which needs no model."""
