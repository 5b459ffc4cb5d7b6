// Dark or light theme: the system's unless the user chose one. public/theme.js applies the stored choice before the first
// paint; both use the same storage key.

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'theme';

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

class Themes {
  choice = $state<Theme>(stored());
  private systemDark = $state(matchMedia('(prefers-color-scheme: dark)').matches);
  /** The current theme; canvases repaint when it changes. */
  readonly shown = $derived(this.choice === 'system' ? (this.systemDark ? 'dark' : 'light') : this.choice);

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
      this.systemDark = event.matches;
    });
  }

  choose(theme: Theme): void {
    this.choice = theme;
    if (theme === 'system') {
      localStorage.removeItem(KEY);
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem(KEY, theme);
      document.documentElement.dataset.theme = theme;
    }
  }

  toggle(): void {
    this.choose(this.shown === 'dark' ? 'light' : 'dark');
  }
}

export const themes = new Themes();
