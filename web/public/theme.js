// Applies a stored theme before the first paint; a file of its own because inline scripts are forbidden.
(function () {
  try {
    var theme = localStorage.getItem('theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be blocked: the system's theme serves.
  }
})();
