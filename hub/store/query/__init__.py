"""Reading history: which tier serves which range, downsampling, paging."""
