import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toasts } from './toasts.svelte';

const texts = (): string[] => toasts.list.map((toast) => toast.text);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

describe('notices', () => {
  it('leave by themselves, those that can be taken back later', () => {
    toasts.show('saved');
    toasts.show('renamed', () => Promise.resolve());
    vi.advanceTimersByTime(6000);
    expect(texts()).toEqual(['renamed']);
    vi.advanceTimersByTime(6000);
    expect(texts()).toEqual([]);
  });

  it('stay while a person is at them', () => {
    toasts.show('saved');
    toasts.hold(true);
    vi.advanceTimersByTime(60_000);
    expect(texts()).toEqual(['saved']);
    toasts.hold(false);
    expect(texts()).toEqual([]);
  });

  it('take back once, and say when that goes wrong', async () => {
    const undo = vi.fn(() => Promise.reject(new Error('The hub does not answer.')));
    toasts.show('renamed', undo);
    await toasts.undo(toasts.list[0]!);
    expect(undo).toHaveBeenCalledOnce();
    expect(texts()).toEqual(['The hub does not answer.']);
  });

  it('are four at most', () => {
    for (const text of 'abcdef') toasts.show(text);
    expect(texts()).toEqual(['c', 'd', 'e', 'f']);
  });
});
