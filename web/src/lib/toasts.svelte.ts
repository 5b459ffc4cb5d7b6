// Short notices that leave by themselves. At most four at once; the oldest goes first.

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
}

const SHOWN_MS = 5000;
const MOST = 4;

class Toasts {
  list = $state.raw<Toast[]>([]);
  private next = 0;

  say(text: string, tone: Toast['tone'] = 'plain'): void {
    const id = this.next++;
    this.list = [...this.list.slice(1 - MOST), { id, text, tone }];
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  /** Says what went wrong in the words of the error. */
  fail(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error), 'bad');
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
