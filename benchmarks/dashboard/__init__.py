"""What the dashboard costs: the page in a real browser (``page.py``), and the hub that feeds it (``feed.py``)."""
