// Sentences of the hub as the page shows them: without the device's name where that stands beside it, metrics by
// their names, and a capital at the beginning. Pure.

import { metricName } from './format';

export function sentence(text: string): string {
  return text ? text[0]!.toUpperCase() + text.slice(1) : text;
}

/** `text` without a leading `name: `, so that the name is not read twice. */
export function withoutName(text: string, name: string): string {
  return name && text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
}

/** An alert's message beside its device's name: `bearing temperature 89.2 °C, above 85 °C for 5 s`. */
export function alertMessage(alert: { message: string; device_name: string; metric: string | null }): string {
  const text = withoutName(alert.message, alert.device_name);
  if (!alert.metric) return text;
  const words = metricName(alert.metric);
  return text.replace(alert.metric, words[0]!.toLowerCase() + words.slice(1));
}
