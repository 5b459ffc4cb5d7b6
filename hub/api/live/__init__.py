"""Server-Sent Events and WebSockets: the connected clients and what is sent to each."""
