// What an incident is called on the page.

import type { Incident } from '../api/types';
import { T } from '../texts';

/** Return the title of an incident in the language of the page; the hub's own for an unknown kind. */
export function incidentTitle(incident: Incident): string {
  const words = T.incidents.titles[incident.title_key ?? ''];
  const message = String(incident.title_params['message'] ?? '');
  return words ? words(incident.first.device_name, message) : incident.title;
}
