// The JSON of the hub's REST answers, as the page reads them. Times are epoch milliseconds.
// Knows no transport.

import type { Presence, Severity, Value } from '../live/protocol';

export type Match = 'strong' | 'medium' | 'weak';

export interface Evidence {
  id: string;
  metric: string | null;
  finding: string;
  value: number | null;
  unit: string | null;
  from: number | null;
  to: number | null;
  strength: number | string | null;
}

export interface Diagnosis {
  id: string;
  alert_id: string | null;
  device_id: string;
  summary: string;
  /** Null when the evidence does not suffice to name one. */
  cause: string | null;
  component: string | null;
  /** 0 to 1: how well the rule matches, not a probability. Never shown as a number. */
  confidence: number;
  match?: Match | null;
  evidence: Evidence[];
  against: string[];
  claims: { text: string; evidence: string[]; supported: boolean }[];
  actions: string[];
  confirm_by: string[];
  causes?: { cause: string; title: string; component: string | null; match: Match; score: number }[];
  generated_by: { provider: string; model: string; generative: boolean; failed_over_from?: string | null };
  tokens_used: number | null;
  created_at: number;
}

export interface Alert {
  id: string;
  device_id: string;
  device_name: string;
  metric: string | null;
  rule_id: string;
  severity: Severity;
  state: 'raised' | 'acknowledged' | 'cleared';
  message: string;
  value: Value;
  threshold: number | null;
  unit: string | null;
  raised_at: number;
  acknowledged_at: number | null;
  acknowledged_by: string | null;
  note: string | null;
  cleared_at: number | null;
  diagnosis: Diagnosis | null;
  diagnosis_state: 'pending' | 'ready' | 'none';
}

export interface Device {
  id: string;
  native_id: string;
  name: string;
  dialect: string;
  area: string | null;
  model: string | null;
  manufacturer: string | null;
  firmware: string | null;
  labels: string[];
  via: string | null;
  presence: Presence;
  last_seen: number | null;
  first_seen: number;
  severity: Severity;
}

export interface Limit {
  metric: string;
  above?: number | null;
  below?: number | null;
  severity: Severity;
  rule_id: string;
  rule_name: string;
}

export interface MetricState {
  value: Value;
  unit: string | null;
  ts: number;
  quality: 'good' | 'clock' | 'retained' | 'late';
}

export interface DeviceDetail extends Device {
  metrics: Record<string, MetricState>;
  info: Record<string, unknown> | null;
  desired: Record<string, unknown>;
  reported: Record<string, unknown>;
  alerts: Alert[];
  limits: Limit[];
}

/** `[ts, value]`, or with buckets `[ts, min, mean, max, count]`. */
export type Point = number[];

export interface Series {
  device_id: string;
  metric: string;
  unit: string | null;
  points: Point[];
}

export interface Rule {
  id: string;
  name: string;
  kind: string;
  metric: string | null;
  severity: Severity;
  scope: { devices?: string[]; models?: string[]; labels?: string[] };
  text: string;
  last_fired: number | null;
}

export interface ActivityItem {
  ts: number;
  kind: string;
  device_id: string | null;
  text: string;
  severity: Severity | null;
}

export interface Rejected {
  topic: string;
  reason: string;
  detail: string | null;
  excerpt: string;
  received_at: number;
}

export interface Status {
  version: string;
  install_id: string;
  started_at: number;
  uptime_s: number;
  broker: Record<string, unknown> & { connected?: boolean; address?: string };
  store: { path?: string; bytes?: number; last_commit?: number | null };
  ai: { chat?: { provider: string; model: string; generative: boolean }[] } & Record<string, unknown>;
  counters: Record<string, number>;
  limits: Record<string, unknown>;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface ImageAnalysis {
  filename: string;
  analysis: string;
  model: string;
  width?: number;
  height?: number;
}
