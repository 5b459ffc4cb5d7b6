// Apply a stored theme before the first paint; a separate file because inline scripts are forbidden.
(function () {
  try {
    var theme = localStorage.getItem('theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be blocked: use the system's theme.
  }
})();
