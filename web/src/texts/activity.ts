// Texts of the activity page.

export const activity = {
  title: 'Activity',
  follow: 'Follow',
  pause: 'Pause',
  none: 'No activity yet.',
  filter: 'Type',
  all: 'All types',
  more: 'Load older',
  paused: 'Paused. New entries appear when you select Follow.',
  bytes: 'Payload',
  kinds: {
    raised: 'Raised',
    acknowledged: 'Acknowledged',
    handled: 'Handled',
    confirmed: 'Cause confirmed',
    cleared: 'Cleared',
    changed: 'Rule changed',
    diagnosed: 'Diagnosed',
    presence: 'Presence',
    discovered: 'Discovered',
    deleted: 'Deleted',
    command: 'Command',
    rejected: 'Rejected',
    settings: 'Settings',
    gap: 'Data gap',
  },
};
