"""Server-Sent Events and WebSockets: who is connected, and what each has been sent."""
