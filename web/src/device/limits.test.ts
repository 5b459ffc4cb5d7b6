import { afterEach, describe, expect, it } from 'vitest';
import type { Limit } from '../api/types';
import { chooseUnits } from '../lib/units';
import { shownLimit } from './limits';

afterEach(() => chooseUnits(null));

describe('a limit', () => {
  it('is shown in the unit of the person, and a bound that is absent stays so', () => {
    chooseUnits('imperial');
    const limit = { rule_id: 'r', metric: 't', severity: 'warning', below: 10 } as Limit;
    const { above, below } = shownLimit(limit, '°C');
    expect([above, below]).toEqual([undefined, 50]);
  });
});
