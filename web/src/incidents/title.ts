// What an incident is called on the page.

import type { Incident } from '../api/types';
import { hubText, T, type Params } from '../texts';

/** Return the title of an incident in the language of the page; the hub's own for an unknown kind. */
export function incidentTitle(incident: Incident): string {
  const words = T.incidents.titles[incident.title_key ?? ''];
  const { message, message_key, message_params } = incident.title_params as Params;
  const said = hubText(
    'alert',
    String(message ?? ''),
    message_key as string | null,
    message_params as Params,
  );
  return words ? words(incident.first.device_name, said) : incident.title;
}
