// Every sentence of the page, in one place, so that languages can follow. Functions where a text has parts.

const s = (count: number, one: string, many: string): string => (count === 1 ? one : many);

// prettier-ignore
export const T = {
  brand: 'Watchkeeper',
  nav: {
    main: 'Main', fleet: 'Fleet', alerts: 'Alerts', assistant: 'Assistant', analyse: 'Analyse', rules: 'Rules',
    activity: 'Activity', settings: 'Settings', more: 'More', skip: 'Skip to the content',
  },
  rail: { ingest: 'Ingest', model: 'Model', hub: 'Hub', rate: (n: string) => `${n} msg/s`, builtin: 'built-in analyst' },
  standing: {
    critical: 'Critical', warning: 'Warning', info: 'Info', ok: 'OK', stale: 'Stale', offline: 'Offline',
  },
  presence: { online: 'Online', stale: 'Stale', offline: 'Offline' },
  severity: { ok: 'OK', info: 'Info', warning: 'Warning', critical: 'Critical' },
  link: {
    live: 'Live', connecting: 'Connecting', lost: 'Reconnecting', latency: (ms: number) => `${ms} ms`,
    banner: 'The connection to the hub is lost. Values below are the last ones known; trying again…',
    first: 'The hub does not answer. Is it running? Trying again…',
    origin: 'The hub refused this page: it was opened under an address the hub does not know. Open it under the address the hub prints at start.',
    retry: 'Try now',
  },
  theme: { toDark: 'Switch to dark', toLight: 'Switch to light', label: 'Theme', system: 'As the system', light: 'Light', dark: 'Dark' },
  login: {
    title: 'Log in', lead: 'This hub asks for a token. It was set as HUB_TOKEN, or printed once when the hub first started.',
    token: 'Token', enter: 'Enter', wrong: 'That token is not the right one.',
  },
  errors: {
    status: (code: number) => `The hub answered with error ${code}.`,
    unreachable: 'The hub does not answer. Check that it runs, then try again.',
    page: 'There is nothing at this address.', home: 'Go to the fleet', code: 'This page could not be loaded: the hub is away, or was updated.', reload: 'Load again', again: 'Try again',
  },
  palette: {
    open: 'Search devices, alerts, pages', title: 'Search', placeholder: 'Go to a device, an alert or a page…',
    empty: 'Nothing by that name.', devices: 'Devices', alerts: 'Open alerts', pages: 'Pages', actions: 'Actions',
    shortcuts: 'Show keyboard shortcuts', ask: 'Ask the assistant',
  },
  shortcuts: {
    title: 'Keyboard', close: 'Close',
    rows: [
      ['⌘K or Ctrl K', 'Search devices, alerts, pages'], ['/', 'Search in the fleet'], ['j, k', 'Next, previous row'],
      ['Enter', 'Open the row'], ['x', 'Select the row'], ['a', 'Acknowledge the alert of the row'],
      ['g f', 'Fleet'], ['g a', 'Alerts'], ['g c', 'Assistant'], ['t', 'Dark or light'], ['?', 'This sheet'], ['Esc', 'Close, or clear'],
    ],
  },
  toast: { dismiss: 'Dismiss', undo: 'Undo', region: 'Notices', copied: 'Copied', },
  fleet: {
    title: 'Fleet', all: 'All devices', summary: 'Fleet summary',
    devices: (n: number) => s(n, 'device', 'devices'), online: (percent: string) => `${percent}\u00a0% online`,
    share: (on: number, stale: number, off: number) => `${on} online, ${stale} stale, ${off} offline`,
    openAlerts: 'Open alerts', critical: (n: number) => `${n} critical`, acknowledged: (n: number) => `${n} acknowledged`,
    quiet: 'all quiet', stale: 'Stale', offline: 'Offline', overdue: 'overdue', longest: (t: string) => `longest ${t}`, ingest: 'Ingest', perSecond: 'msg/s',
    none: 'none',
    map: 'Fleet map', mapCells: 'one cell per device, by area', mapAreas: 'by area',
    area: (name: string, n: number, bad: number) => `${name}: ${n} ${s(n, 'device', 'devices')}, ${bad} need attention`,
    noArea: 'No area', moreAreas: (n: number) => `and ${n} more`,
    search: 'Search by name, id or model', clear: 'Clear', remove: (what: string) => `Remove the filter ${what}`,
    facets: { status: 'Status', severity: 'Severity', area: 'Area', label: 'Label' },
    columns: 'Columns', metrics: 'Metrics', csv: 'Download CSV of all rows shown', csvName: 'watchkeeper-devices',
    count: (n: string, all: string) => (n === all ? `${n} devices` : `${n} of ${all}`),
    nothing: 'No device matches.', selected: (n: number) => `${n} selected`, acknowledgeAll: 'Acknowledge their alerts',
    unselect: 'Clear selection', noAlerts: 'No open alert in this selection.', select: (name: string) => `Select ${name}`,
    sortBy: (name: string) => `Sort by ${name}`,
    cols: {
      name: 'Device', area: 'Area', model: 'Model', reading: 'Reading', spark: 'Last hour', alert: 'Alert', labels: 'Labels',
      presence: 'Presence', dialect: 'Dialect', seen: 'Seen', id: 'Id', unit: 'Unit', metric: 'Metric', severity: 'Severity',
    },
  },
  first: {
    title: 'No device yet', lead: 'The hub listens. A device appears here with its first message.',
    broker: 'Publish one reading', brokerLead: 'From any machine that reaches the broker:', simulate: 'Start simulated machines',
    simulateLead: 'Pumps, cold rooms, tanks and more, with two hours of past readings:', copy: 'Copy', waiting: 'Waiting for the first message…',
  },
  alerts: {
    title: 'Alerts', open: 'Open', acknowledged: 'Acknowledged', cleared: 'Cleared', tabs: 'Alerts by state',
    count: (n: number) => `${n} open`, none: 'Nothing is wrong.', noneLead: 'Alerts appear here the moment a rule fires.',
    noneAcknowledged: 'No acknowledged alert.', noneCleared: 'No alert has cleared yet.', more: 'Load more', all: 'All alerts',
    acknowledge: 'Acknowledge', openDevice: 'Open device', note: 'Note (optional)', notePlaceholder: 'What do you know or plan?',
    ackTitle: 'Acknowledge this alert', cancel: 'Cancel', done: 'Acknowledged',
    now: (v: string) => `now ${v}`, at: (v: string) => `at ${v}`, limit: (v: string) => `limit ${v}`, raised: 'Raised', clearedAt: 'Cleared',
    missing: 'There is no alert by this id; it may have been deleted with its device.', copyLink: 'Copy link', value: 'Value', rule: 'Rule', noteLabel: 'Note', back: 'All alerts',
    title1: (n: number) => `(${n}) `,
  },
  diagnosis: {
    title: 'Diagnosis', pending: 'Reading the telemetry and weighing causes…', none: 'No diagnosis was written for this alert.',
    insufficient: 'Insufficient evidence', insufficientLead: 'The telemetry does not point to one cause.',
    builtin: 'built-in analyst', builtinLong: 'Written by the built-in analyst: rules and statistics, not a language model.',
    model: (provider: string, model: string) => `Written by ${model} (${provider}). Numbers are checked against the evidence.`,
    match: { strong: 'strong match', medium: 'medium match', weak: 'weak match' }, evidence: 'Evidence', against: 'Speaks against it',
    claims: 'What it says', unsupported: 'not supported by the evidence', actions: 'What to do', confirm: 'To be sure', others: 'Also possible',
    takesOver: 'The built-in analyst takes over.', instead: (provider: string, model: string) => `In place of ${model} (${provider}), which did not answer as asked.`,
    run: 'Diagnose now', running: 'Diagnosing…', more: 'Full diagnosis', component: 'Component', on: 'on', goto: 'Show in the chart', all: (n: number) => `Show all ${n}`
  },
  device: {
    overview: 'Overview', history: 'History', events: 'Events', commands: 'Commands', rules: 'Rules', raw: 'Raw messages', settings: 'Settings', sections: 'Device sections', missing: 'There is no device by this name. It may have been deleted.',
    seen: 'seen', never: 'never seen', via: (id: string) => `via ${id}`, ask: 'Ask about this', limit: (v: string) => `limit ${v}`, noMetrics: 'This device has not sent a reading yet.',
    ranges: { '15m': '15 min', '1h': '1 h', '24h': '24 h', '7d': '7 d' }, range: 'Time range', custom: 'Selected', resetZoom: 'Back to live', empty: 'No reading in this time.',
    loading: 'Loading…', meanAndBand: 'mean, lowest to highest', expected: 'expected', compare: 'Compare with…', comparedWith: (name: string) => `with ${name}`, twinReads: (v: string) => `beside it ${v}`,
    bandLearnt: (n: string, from: string, to: string) => `Where it kept to while nothing was wrong: learnt from ${n} readings, ${from} to ${to}.`,
    marks: { acknowledged: 'acknowledged', discovered: 'appeared' },
    openAlerts: 'Alerts of this device', noAlerts: 'No alert on this device.', notNumeric: 'This metric is text; its value is in the table.',
    chart: (metric: string) => `Chart of ${metric}`, noDiagnosis: 'No alert is open here. You can ask for a diagnosis of the present state.',
    table: { metric: 'Metric', value: 'Value', unit: 'Unit', time: 'Time', quality: 'Quality' }, quality: { good: 'good', clock: 'clock is off', retained: 'retained', late: 'late' },
    past: {
      metric: 'Metric', csv: 'Download CSV of all readings', csvName: 'watchkeeper', low: 'Lowest', mean: 'Mean', high: 'Highest', count: 'Readings', share: 'On for', each: (t: string) => `a line for every ${t}`,
      everyReading: 'every reading', newest: (n: string) => `the newest ${n} readings; the CSV has all`,
    },
    log: { title: 'What happened', all: 'All events', none: 'Nothing has happened to this device yet.' },
    applies: { lead: 'The rules that watch this device.', none: 'No rule watches this device.', firing: 'firing', here: 'Last fired here' },
    messages: {
      lead: 'As they came off the wire, newest first, as long as this page is open.', none: 'No message of this device since you opened this page.', pause: 'Pause', follow: 'Follow', retained: 'retained', cut: 'only its beginning is shown',
      qos: (n: number) => `QoS ${n}`, values: 'Latest values',
    },
    facts: { id: 'Id', native: 'Its own name', dialect: 'Dialect', model: 'Model', manufacturer: 'Manufacturer', firmware: 'Firmware', first: 'First seen', via: 'Via', info: 'Info it sent', desired: 'Desired', reported: 'Reported' },
    form: { name: 'Name', area: 'Area', labels: 'Labels, separated by commas', save: 'Save', saved: (name: string) => `${name} is saved`, unchanged: 'Nothing was changed', undone: 'It is as it was' },
    remove: 'Delete this device', removeLead: 'Deletes the device with its history and alerts. If it sends again, it appears as new.', removeConfirm: 'Delete for good', removed: (name: string) => `${name} is deleted`, keep: 'Keep it',
  },
  commands: {
    title: 'What this device takes', lead: 'The hub keeps a command until the device can be reached, and shows what became of it.', log: 'Last commands', none: 'Nothing has been asked of this device yet.',
    now: (v: string) => `now ${v}`, turnOn: 'On', turnOff: 'Off', press: 'Send', send: 'Send', choose: 'Choose…', on: 'on', off: 'off',
    notNumber: 'This must be a number.', notJson: 'This must be JSON.', outside: (bounds: string) => `This must be ${bounds}.`,
    between: (low: number, high: number) => `${low} to ${high}`, atLeast: (low: number) => `at least ${low}`, atMost: (high: number) => `at most ${high}`,
    states: { queued: 'waits', sent: 'sent', acknowledged: 'done', confirmed: 'confirmed', failed: 'failed', expired: 'expired', unverified: 'unverified' },
    means: {
      queued: 'Kept until the device can be reached', sent: 'The broker has it', acknowledged: 'The device says that it has done it', confirmed: 'What the device reports is what was wanted',
      failed: 'The device or the broker refused', expired: 'The device could not be reached in time; it was never sent', unverified: 'It was sent, and nothing shows that it was done',
    },
  },
  assistant: {
    title: 'Assistant', lead: 'Ask about the fleet: what is wrong, what changed, what a reading means.', alone: 'Each question stands on its own.', placeholder: 'Ask about your devices…', send: 'Send', stop: 'Stop', retry: 'Ask again',
    short: (n: number) => `A question needs at least 10 characters; ${n} more.`, long: 'A question may have at most 500 characters.', you: 'You', stopped: 'Stopped.', clear: 'New conversation', input: 'Your question', copy: 'Copy answer', answering: 'Answering…',
    builtin: 'built-in analyst: rules and statistics, not a language model', unknown: 'the hub', by: (provider: string, model: string) => `${model} (${provider})`, connect: 'Connect OpenAI or Ollama for free-form answers.',
    examples: ['Which devices need attention, and why?', 'What changed in the last hour?', 'Which devices are offline or stale?'], about: (name: string) => `What is the state of ${name}, and is anything unusual?`,
  },
  analyse: {
    title: 'Analyse', lead: 'A photo of a display, a nameplate or a machine: PNG or JPEG, up to 10 MB.', drop: 'Drop an image here, paste it, or', pick: 'choose a file', working: 'Looking at the image…', size: (w: number, h: number) => `${w} × ${h} px`,
    by: (model: string) => `Found by ${model}`, another: 'Another image', wrongType: 'Only PNG and JPEG images can be analysed.', tooLarge: 'The image is larger than 10 MB.', device: 'Belongs to device (optional)', noDevice: 'No device', result: 'Result', preview: 'The image to analyse',
  },
  rules: { title: 'Rules', lead: 'Rules live in rules.toml in the data folder.', name: 'Rule', metric: 'Metric', severity: 'Severity', scope: 'Applies to', condition: 'Fires when', fired: 'Last fired', never: 'never', everything: 'all devices', none: 'No rule is set.' },
  activity: { title: 'Activity', follow: 'Follow', pause: 'Pause', none: 'Nothing has happened yet.', filter: 'Kind', all: 'All kinds', more: 'Load older', paused: 'Paused: new entries wait.' },
  settings: {
    title: 'Settings', lead: 'Set in hub.toml and the environment; shown here as the hub runs now.', hub: 'Hub', version: 'Version', uptime: 'Up for', started: 'Started', install: 'Installation', broker: 'Broker', connected: 'connected', disconnected: 'not connected', address: 'Address',
    store: 'Data', path: 'Folder', size: 'Size', commit: 'Last write', ai: 'AI', chat: 'Answers come from', generative: 'language model', rules: 'rules and statistics', counters: 'Messages', limits: 'Limits', appearance: 'Appearance', rejected: 'Rejected messages', noRejected: 'No message was rejected.', api: 'API reference',
    page: 'This page', memory: 'Memory', cpu: 'Processor',
  },
};
