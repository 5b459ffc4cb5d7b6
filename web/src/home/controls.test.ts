import { describe, expect, it } from 'vitest';
import type { Descriptor } from '../commands/descriptor';
import { choiceText, controlsOf, controlText, moved, stepOf, type Control } from './controls';
import { columnsOf } from './columnsForTests';

const columns = columnsOf(
  ['state', true, 'switch'],
  ['brightness', 127],
  ['color_temp', 300, null, 'mired'],
  ['setpoint', 21, 'temperature', '°C'],
  ['mode', 'auto'],
  ['power_on', 'on', null, null, 'config'],
);
const of = (takes: Record<string, Descriptor>, more = {}): ReturnType<typeof controlsOf> =>
  controlsOf(Object.entries(takes), columns, 0, { kind: 'light', ...more });
const only = (name: string, wants: Descriptor): Control =>
  of({ [name]: { confirm_by: name, ...wants } }).face[0]!;
const brightness = only('brightness', { type: 'number', minimum: 0, maximum: 254 });
const setpoint = only('setpoint', { type: 'number', minimum: 5, maximum: 30, unit: '°C' });

describe('controls of a card', () => {
  it('are switches first, then in the order of the metrics; colours are folded away', () => {
    const found = of({
      mode: { type: 'enum', values: ['off', 'auto', 'heat'], confirm_by: 'mode' },
      color_temp: { type: 'number', minimum: 250, maximum: 454, confirm_by: 'color_temp' },
      brightness: { type: 'number', minimum: 0, maximum: 254, confirm_by: 'brightness' },
      state: { type: 'boolean', confirm_by: 'state' },
    });
    const forms = (controls: Control[]): string[] => controls.map(({ name, form }) => `${name} ${form}`);
    expect(forms(found.face)).toEqual(['state switch', 'brightness slider', 'mode choice']);
    expect(forms(found.folded)).toEqual(['color_temp slider']);
  });

  it('leave out settings, maintenance, and what does not fit in a control', () => {
    const { face, folded } = of(
      {
        power_on: { type: 'enum', values: ['on', 'off'], confirm_by: 'power_on' },
        sensitivity: { type: 'enum', values: ['low', 'high'], confirm_by: 'sensitivity' },
        restart: { type: 'none' },
        effect: { type: 'enum', values: ['blink'], confirm_by: 'effect' },
        unbounded: { type: 'number', minimum: 0 },
        color: { type: 'object' },
        label: { type: 'text' },
        unknown: { type: 'number', minimum: 0, maximum: 9, confirm_by: 'nothing' },
      },
      { categories: { sensitivity: 'config' } },
    );
    expect([...face, ...folded].map(({ name }) => name)).toEqual([]);
  });

  it('include buttons, moves without a state, and values that the device reports in its twin', () => {
    const found = of(
      {
        beep: { type: 'none' },
        blinds: { type: 'enum', values: ['OPEN', 'CLOSE', 'STOP'] },
        level: { type: 'number', minimum: 30, maximum: 85, confirm_by: 'kept' },
      },
      { reported: { kept: 60 } },
    );
    expect(found.face.map(({ name, form, confirms }) => [name, form, confirms])).toEqual([
      ['beep', 'button', false],
      ['blinds', 'choice', false],
      ['level', 'slider', true],
    ]);
  });
});

describe('a number', () => {
  it('moves by its step and stays within its bounds', () => {
    expect(setpoint.form).toBe('stepper');
    expect([stepOf(setpoint), moved(setpoint, 21, 1), moved(setpoint, 29.8, 1), moved(setpoint, 5, -1)]).toEqual([0.5, 21.5, 30, 5]);
    const tenth = only('setpoint', { type: 'number', minimum: 0, maximum: 1, step: 0.1 });
    expect(moved(tenth, 0.2, 1)).toBe(0.3);
  }); // prettier-ignore

  it('is shown as a share for brightness, otherwise with its unit', () => {
    expect(controlText(brightness, 0, 127)).toBe('50\u00a0%');
    expect(controlText(setpoint, 0, 21.5)).toBe('21.5\u00a0°C');
    expect(controlText(setpoint, 0, null)).toBe('');
  });
});

describe('a choice', () => {
  it('is a verb, a mode, a state, or as the device calls it', () => {
    expect(['CLOSE', 'heat_cool', 'OFF', 'Party'].map(choiceText)).toEqual([
      'Close',
      'Heating and cooling',
      'Off',
      'Party',
    ]);
  });
});
