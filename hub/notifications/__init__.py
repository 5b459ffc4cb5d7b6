"""Notify people of alerts: choose receivers by routes, write messages, and deliver them over channels with retries."""
