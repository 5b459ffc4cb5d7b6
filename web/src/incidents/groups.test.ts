import { describe, expect, it } from 'vitest';
import type { Alert } from '../api/types';
import { groupsOf, stepsOf } from './groups';

const alert = (id: string, incident: string | null, suppressed = false): Alert =>
  ({
    id,
    incident_id: incident,
    suppressed_by: suppressed ? { device_id: 'gw', name: 'gw' } : null,
  }) as Alert;

describe('groups of alerts', () => {
  const alerts = [alert('a1', 'i1', true), alert('a2', 'i2'), alert('a3', 'i1'), alert('a4', null)];

  it('are in the order of their first alert, with suppressed alerts last', () => {
    expect(groupsOf(alerts).map((group) => group.alerts.map(({ id }) => id))).toEqual([
      ['a3', 'a1'],
      ['a2'],
      ['a4'],
    ]);
  });

  it('keep alerts without an incident apart', () => {
    expect(groupsOf([alert('a1', null), alert('a2', null)])).toHaveLength(2);
  });

  it('are stepped through by their first alert while collapsed', () => {
    const groups = groupsOf(alerts);
    expect(stepsOf(groups, new Set()).map(({ id }) => id)).toEqual(['a3', 'a2', 'a4']);
    expect(stepsOf(groups, new Set(['i1'])).map(({ id }) => id)).toEqual(['a3', 'a1', 'a2', 'a4']);
  });
});
