import { describe, expect, it } from 'vitest';
import { mapView, namePlaces, positionMetrics, type Point } from './mapView';

const point = (id: string, latitude: number, longitude: number): Point => ({ id, latitude, longitude });

describe('map of devices', () => {
  it('has north above and east to the right, in true proportions', () => {
    const { markers, grid } = mapView(
      [point('south-west', 52.5, 13.4), point('north', 52.51, 13.4), point('east', 52.5, 13.41)],
      600,
      400,
    );
    const [sw, north, east] = markers as [(typeof markers)[0], (typeof markers)[0], (typeof markers)[0]];
    expect(north.x).toBeCloseTo(sw.x);
    expect(north.y).toBeLessThan(sw.y);
    expect(east.x).toBeGreaterThan(sw.x);
    // A hundredth of a degree is 1112 m to the north, and 677 m to the east at this latitude.
    const metres = (pixels: number): number => (pixels * grid.metres) / grid.step;
    expect(metres(sw.y - north.y)).toBeCloseTo(1112, -1);
    expect(metres(east.x - sw.x)).toBeCloseTo(677, -1);
    for (const { x, y } of markers) {
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(600);
      expect(y).toBeGreaterThan(0);
      expect(y).toBeLessThan(400);
    }
  });

  it('joins devices that are too close to tell apart', () => {
    const far = point('far', 48.2, 11.6);
    const { markers } = mapView([point('a', 48.1, 11.5), point('b', 48.1, 11.5001), far], 300, 300);
    expect(markers.map(({ ids }) => ids)).toEqual([['a', 'b'], ['far']]);
  });

  it('shows one device in the middle, with the streets around it', () => {
    const { markers, grid } = mapView([point('a', -33.9, 151.2)], 300, 200);
    expect(markers).toEqual([{ x: 150, y: 100, ids: ['a'] }]);
    expect(grid.metres).toBe(50);
  });

  it('leaves out positions that are none, and is empty without any', () => {
    expect(
      mapView([point('no fix', 0, 0), point('wrong', 91, 5), point('not', NaN, 1)], 300, 200).markers,
    ).toEqual([]);
    expect(mapView([], 300, 200).grid.xs.length).toBeGreaterThan(1);
  });

  it('keeps a fleet on both sides of the date line together', () => {
    const { grid } = mapView([point('a', -17, 179.99), point('b', -17, -179.99)], 400, 300);
    expect(grid.metres).toBeLessThan(2000);
  });
});

it('metrics of a position are found by their names', () => {
  const metrics = [
    'location.latitude',
    'location.longitude',
    'lat',
    'lng',
    'flat',
    'plate',
    'a_latitude',
    'speed',
  ];
  expect(positionMetrics(metrics)).toEqual([
    ['location.latitude', 'location.longitude'],
    ['lat', 'lng'],
  ]);
});

it('names stand where they cover nothing, or nowhere', () => {
  const at = (x: number, y: number, name = 'A name') => ({ x, y, name });
  expect(namePlaces([at(50, 50), at(120, 55), at(50, 58), at(290, 90)], 300)).toEqual([
    'after',
    'after',
    null,
    'before',
  ]);
});
