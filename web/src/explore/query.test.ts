import { describe, expect, it } from 'vitest';
import type { TileSeries } from '../api/types';
import { exploreHref, panned, seriesOf, tileRange, zoomed } from './query';

const at = (href: string): URLSearchParams => new URL(href, 'http://hub').searchParams;

describe('the address', () => {
  it('keeps series with any names, and their axes', () => {
    const series: TileSeries[] = [
      { device_id: 'hall/pump:1', metric: 'flow,rate', axis: 'left' },
      { device_id: 'ö % &', metric: 'a/b', axis: 'right' },
    ];
    expect(seriesOf(at(exploreHref(series, { live: '24h' })))).toEqual(series);
  });

  it('has each series once, and at most eight', () => {
    const query = new URLSearchParams(['l:a/b', 'r:a/b', 'broken', 'l:/x'].map((text) => ['s', text]));
    expect(seriesOf(query)).toEqual([{ device_id: 'a', metric: 'b', axis: 'right' }]);
    const many = new URLSearchParams(Array.from({ length: 20 }, (_, k) => ['s', `l:a/m${k}`]));
    expect(seriesOf(many)).toHaveLength(8);
  });

  it('names an absolute range', () => {
    const query = at(exploreHref([], { from: 1000.4, to: 2000 }));
    expect([query.get('from'), query.get('to'), query.get('range')]).toEqual(['1000', '2000', null]);
  });
});

describe('ranges', () => {
  const hour = { from: 0, to: 3_600_000 };

  it('move by a share of their width, but not into the future', () => {
    expect(panned(hour, -0.5, 1e12)).toEqual({ from: -1_800_000, to: 1_800_000 });
    expect(panned(hour, 1, 3_700_000)).toEqual({ from: 100_000, to: 3_700_000 });
    expect(panned(hour, 1, 0)).toEqual(hour);
  });

  it('widen around their middle, but not into the future', () => {
    expect(zoomed({ from: 1000_000, to: 2000_000 }, 2, 1e12)).toEqual({ from: 500_000, to: 2_500_000 });
    expect(zoomed({ from: 1000_000, to: 2000_000 }, 2, 2_000_000)).toEqual({ from: 1, to: 2_000_000 });
    expect(zoomed({ from: 0, to: 10_000 }, 0.5, 1e12).to).toBe(10_000);
  });

  it('become the shortest range of a tile that has room', () => {
    expect(tileRange({ live: '7d' })).toBe('7d');
    expect(tileRange({ from: 0, to: 3_600_001 })).toBe('24h');
    expect(tileRange({ from: 0, to: 1e12 })).toBe('7d');
  });
});
