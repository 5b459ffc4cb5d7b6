"""Cost of the dashboard: of the page in a real browser (``page.py``), and of the hub that feeds it (``feed.py``)."""
