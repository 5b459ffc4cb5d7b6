// The list's keys: j, k and arrows move, Enter opens, x selects, a acknowledges. Single letters are ignored
// while the user types in a field or a dialog is open.

export interface GridActions {
  position(): number;
  count(): number;
  pageSize(): number;
  moveTo(index: number): void;
  active(): string | null;
  open(id: string): void;
  toggle(id: string): void;
  acknowledge(id: string): void;
  /** Clear the selection. Return false if there was none. */
  clear(): boolean;
}

/** Return whether a key belongs to a field, a menu or a dialog rather than to the page. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return true;
  const target = event.target as Element | null;
  if (target?.closest('textarea, select, [contenteditable], [role=dialog], [role=menu]')) return true;
  const input = target?.closest('input');
  return !!input && input.type !== 'checkbox';
}

export function gridKeys(actions: GridActions): (event: KeyboardEvent) => void {
  return (event) => {
    if (isTaken(event)) return;
    const target = event.target as Element;
    const inGrid = target === document.body || !!target.closest('[role=grid], main');
    const onControl = !!target.closest('button, a') && !target.closest('[role=row]');
    if (!inGrid) return;
    const at = actions.position();
    const id = actions.active();
    const ownArrows = !!target.closest('[role=grid]');
    switch (event.key) {
      case 'j':
        actions.moveTo(at + 1);
        break;
      case 'k':
        actions.moveTo(Math.max(0, at - 1));
        break;
      case 'ArrowDown':
      case 'ArrowUp':
        if (!ownArrows) return;
        actions.moveTo(event.key === 'ArrowDown' ? at + 1 : Math.max(0, at - 1));
        break;
      case 'PageDown':
      case 'PageUp':
        if (!ownArrows) return;
        actions.moveTo(Math.max(0, at + (event.key === 'PageDown' ? 1 : -1) * actions.pageSize()));
        break;
      case 'Home':
      case 'End':
        if (!ownArrows) return;
        actions.moveTo(event.key === 'Home' ? 0 : actions.count() - 1);
        break;
      case 'Enter':
        if (!id || onControl) return;
        actions.open(id);
        break;
      case 'x':
        if (!id) return;
        actions.toggle(id);
        break;
      case 'a':
        if (!id) return;
        actions.acknowledge(id);
        break;
      case 'Escape':
        if (!actions.clear()) return;
        break;
      default:
        return;
    }
    event.preventDefault();
  };
}
