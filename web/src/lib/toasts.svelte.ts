// Toasts: short notices that disappear by themselves, some with an undo. At most four at once, the oldest goes first.
// None disappears while the pointer or the focus is on one.

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  /** Undo what the toast reports. */
  undo?: () => Promise<void>;
}

const SHOWN_MS = 5000;
/** Long enough to read the text and reach the button by keyboard. */
const UNDO_MS = 12_000;
const MOST = 4;

class Toasts {
  list = $state.raw<Toast[]>([]);
  private next = 0;
  private held = false;
  private readonly overdue = new Set<number>();

  show(text: string, undo?: () => Promise<void>): void {
    this.add({ id: this.next++, text, tone: 'plain', undo }, undo ? UNDO_MS : SHOWN_MS);
  }

  /** Show the message of an error. */
  fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.add({ id: this.next++, text, tone: 'bad' }, SHOWN_MS);
  }

  dismiss(id: number): void {
    this.overdue.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Run the undo of `toast`; show its error, if any. */
  async undo(toast: Toast): Promise<void> {
    this.dismiss(toast.id);
    try {
      await toast.undo?.();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Keep all toasts while the pointer or the focus is on one. */
  hold(held: boolean): void {
    this.held = held;
    if (!held) for (const id of this.overdue) this.dismiss(id);
  }

  private add(toast: Toast, shown: number): void {
    this.list = [...this.list.slice(1 - MOST), toast];
    setTimeout(() => (this.held ? this.overdue.add(toast.id) : this.dismiss(toast.id)), shown);
  }
}

export const toasts = new Toasts();
