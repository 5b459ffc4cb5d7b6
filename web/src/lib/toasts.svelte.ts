// Short notices that leave by themselves, some with a way to take back what they tell of. At most four at once; the
// oldest goes first. None leaves while a person is at one.

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  /** Takes back what the notice tells of. */
  undo?: () => Promise<void>;
}

const SHOWN_MS = 5000;
/** Long enough to read, to doubt and to get there by keyboard. */
const UNDO_MS = 12_000;
const MOST = 4;

class Toasts {
  list = $state.raw<Toast[]>([]);
  private next = 0;
  private held = false;
  private readonly overdue = new Set<number>();

  say(text: string, undo?: () => Promise<void>): void {
    this.add({ id: this.next++, text, tone: 'plain', undo }, undo ? UNDO_MS : SHOWN_MS);
  }

  /** Says what went wrong in the words of the error. */
  fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.add({ id: this.next++, text, tone: 'bad' }, SHOWN_MS);
  }

  dismiss(id: number): void {
    this.overdue.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Takes back what `toast` tells of; what goes wrong is said in its place. */
  async undo(toast: Toast): Promise<void> {
    this.dismiss(toast.id);
    try {
      await toast.undo?.();
    } catch (error) {
      this.fail(error);
    }
  }

  /** While a pointer or the focus is among the notices, they stay. */
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
