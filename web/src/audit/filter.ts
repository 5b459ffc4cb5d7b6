// The filters of the audit log: as parameters of the page's address, and as those of /api/audit.

export const NAMES = ['q', 'person', 'kind', 'outcome', 'object', 'from', 'to'];

const isTime = (name: string): boolean => name === 'from' || name === 'to';

/** Return the parameters for the hub. Times are local in the page's address, and epoch milliseconds for the hub. */
export function filterOf(query: URLSearchParams): URLSearchParams {
  const found = new URLSearchParams();
  for (const name of NAMES) {
    const value = query.get(name);
    if (!value) continue;
    if (!isTime(name)) {
      found.set(name, value);
      continue;
    }
    const at = Date.parse(value);
    // A time is entered in minutes: until 12:30 includes all of that minute.
    if (at >= 0) found.set(name, String(name === 'to' ? at + 59_999 : at));
  }
  return found;
}

/** Return a time of the address as the value of its field, '' if it is not one. */
export const localTime = (value: string): string => (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? value : '');
