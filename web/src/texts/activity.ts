// Texts of the activity page.

export const activity = {
  title: 'Activity',
  follow: 'Follow',
  pause: 'Pause',
  none: 'Nothing has happened yet.',
  filter: 'Kind',
  all: 'All kinds',
  more: 'Load older',
  paused: 'Paused: new entries wait.',
  bytes: 'Payload',
  kinds: {
    raised: 'Raised',
    acknowledged: 'Acknowledged',
    cleared: 'Cleared',
    diagnosed: 'Diagnosed',
    presence: 'Presence',
    discovered: 'Discovered',
    deleted: 'Deleted',
    command: 'Command',
    rejected: 'Rejected',
    settings: 'Settings',
    gap: 'Gap',
  },
};
