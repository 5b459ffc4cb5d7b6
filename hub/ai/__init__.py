"""Language models behind one interface: OpenAI, Ollama, and the built-in analyst that needs none."""
