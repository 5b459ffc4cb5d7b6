// Texts of signing in, one's own account, and people.

import { integer } from '../../lib/fixed';
import { plural } from '../plural';

const of = (used: number, limit: number | null): string =>
  limit === null ? integer(used) : `${integer(used)} of ${integer(limit)}`;

export const login = {
  title: 'Sign in',
  name: 'Name',
  password: 'Password',
  enter: 'Sign in',
  forgot: 'Forgot your password? An administrator can send you a link to set a new one.',
  useToken: 'Use the access token',
  usePassword: 'Use name and password',
  token: 'Access token',
  tokenLead:
    'The access token is the value of HUB_TOKEN. If none was set, run `hub token` on the hub’s machine to see it.',
  openid: (name: string) => `Sign in with ${name}`,
  connect: (name: string) => `Connect with ${name}`,
  connected: (name: string) => `Connected with ${name}: you can sign in with it.`,
  problems: {
    denied: 'The sign-in was cancelled.',
    disabled: 'Your account was disabled. Ask an administrator.',
    domain: 'Your e-mail address is not allowed here, or the provider has not verified it.',
    expired: 'The sign-in took too long or was started in another browser. Try again.',
    failed: 'The sign-in failed. Try again, or sign in another way.',
    group: 'None of your groups may sign in here. Ask an administrator.',
    no_account: 'You have no account here. Ask an administrator for an invitation.',
    full: 'This hub has as many accounts as it can have. Ask an administrator to remove one.',
    provider: 'The sign-in provider could not be reached, or its answer was not valid. Sign in another way.',
    taken: 'This sign-in is already connected with another account.',
    throttled: 'Too many failed sign-ins. Wait a minute and try again.',
  } as Record<string, string>,
  noAccounts: 'This hub has no accounts yet. To create the first one, run `hub link` on the hub’s machine.',
};

export const welcome = {
  create: 'Create your account',
  reset: (name: string) => `Set a new password for ${name}`,
  role: (role: string) => `Your role: ${role}.`,
  name: 'Name',
  nameHint: 'You sign in with this name. Others see it next to your changes.',
  password: 'New password',
  passwordHint: 'At least 8 characters; common passwords are refused.',
  enter: 'Create account',
  save: 'Save and sign in',
  invalid: 'This link was used, has expired or is incomplete. Ask for another one.',
  toLogin: 'Go to sign-in',
};

export const account = {
  title: 'Your account',
  signedInAs: (name: string, role: string) => `Signed in as ${name} (${role}).`,
  withToken: 'Signed in with the access token, without an account.',
  signOut: 'Sign out',
  aiUsage: (calls: number, callsLimit: number | null, tokens: number, tokensLimit: number | null) =>
    `Language models today: ${of(calls, callsLimit)} calls, ${of(tokens, tokensLimit)} tokens.`,
  aiCost: (used: string, limit: string | null) =>
    limit === null ? `Cost: ${used}.` : `Cost: ${used} of ${limit}.`,
  aiSpent: (at: string) => `You have reached your daily AI limit. The built-in analyst answers until ${at}.`,
  noCloud: 'Your role may only use models in the local network.',
  changePassword: 'Change password',
  current: 'Current password',
  next: 'New password',
  save: 'Save',
  cancel: 'Cancel',
  passwordChanged: 'Password changed. All other browsers were signed out.',
  sessions: 'Signed-in browsers',
  thisOne: 'this browser',
  unknownAgent: 'Unknown browser',
  end: 'Sign out',
  endOne: (agent: string) => `Sign out ${agent}`,
  tokens: 'API tokens',
  tokensLead:
    'For scripts and other programs. A token can do what its role permits, and never more than you.',
  newToken: 'New token',
  tokenName: 'Name of the token',
  tokenRole: 'Role of the token',
  days: 'Valid for (days)',
  create: 'Create',
  once: 'Copy the token now; it is shown only once.',
  expires: (date: string) => `expires ${date}`,
  revoke: 'Revoke',
  revokeOne: (name: string) => `Revoke the token ${name}`,
  revoked: (name: string) => `Token ${name} revoked`,
};

export const passkeys = {
  title: 'Passkeys',
  lead: 'Sign in with your fingerprint, face, PIN or a security key, without a password.',
  add: 'Add a passkey',
  name: 'Name of the passkey',
  example: 'Phone, laptop, security key …',
  create: 'Continue',
  added: (name: string) => `Passkey ${name} added`,
  used: (date: string) => `last used ${date}`,
  neverUsed: 'not used yet',
  remove: 'Remove',
  removeOne: (name: string) => `Remove the passkey ${name}`,
  removed: (name: string) => `Passkey ${name} removed. Delete it on the device as well.`,
  signIn: 'Sign in with a passkey',
  cancelled:
    'No passkey was used: the request was cancelled or took too long, or this device has no passkey for this hub.',
  known: 'This device already has a passkey for this account.',
  needsHttps: 'Passkeys need HTTPS. This page was opened with plain HTTP, so they are not available.',
  needsName: 'Passkeys need a host name. This page was opened by an IP address, so they are not available.',
  openLocalhost: (port: string) =>
    `Passkeys need a host name. Open http://localhost${port ? `:${port}` : ''} instead of this address to use them.`,
  notOffered: 'This browser does not support passkeys, or is too old.',
};

export const profile = {
  title: 'Language and units',
  language: 'Language',
  languages: { en: 'English', de: 'Deutsch', es: 'Español' },
  languageHint: 'Language of the pages and the assistant. If not set, the browser’s language is used.',
  units: 'Units',
  systems: { metric: 'Metric', imperial: 'Imperial' },
  unitsHint:
    'Values are converted for display and in notifications to you. If not set, the devices’ units are shown. Rules and commands always use the devices’ units.',
  timeZone: 'Time zone',
  timeZoneHint: 'Used for times on the dashboard. Programs that use the API can read it.',
  automatic: 'Not set',
  saved: 'Saved.',
};

export const people = {
  title: 'People',
  open: 'Everybody who can reach this hub has full access. After you create the first account, signing in is required.',
  first: 'Create the first account',
  invite: 'Invite',
  aiCalls: (n: number) => `${integer(n)} AI ${plural(n, { one: 'call', other: 'calls' })} today`,
  inviteAs: 'Invite as',
  inviteEmail: 'E-mail address of the invited person (optional)',
  emailHint: (name: string) => `E-mail, for ${name}`,
  role: (name: string) => `Role of ${name}`,
  roles: {
    viewer: 'viewer',
    operator: 'operator',
    administrator: 'administrator',
  },
  roleHints: {
    viewer: 'Viewers see devices, history and alerts, and ask questions.',
    operator: 'Operators also acknowledge alerts, send commands and analyse files.',
    administrator: 'Administrators also change rules, devices, mappings, models, people and settings.',
  },
  limits: {
    edit: 'Limit access',
    editOf: (name: string) => `Limit access of ${name}`,
    lead: 'The person sees only devices in these areas (and in areas inside them) and devices with these labels. Select no areas and no labels to give access to the whole hub.',
    noAreas: 'There are no areas yet.',
    labels: 'Labels, separated by commas',
    whole: 'whole hub',
    label: (name: string) => `label ${name}`,
    deleted: 'deleted area',
  },
  link: 'Send this link to the person. It works once and expires in seven days.',
  passwordLink: (name: string) =>
    `Send this link to ${name}. It works once, sets a new password and expires in seven days.`,
  newLink: 'Create password link',
  disable: 'Disable',
  enable: 'Enable',
  disabled: 'disabled',
  remove: 'Remove',
  removeOne: (name: string) => `Remove ${name}?`,
  removeLead:
    'The person is signed out everywhere and can no longer sign in. Their entries in the logs are kept.',
  never: 'never signed in',
  last: (ago: string) => `signed in ${ago}`,
  pending: (n: number) => plural(n, { one: '1 pending invitation', other: `${n} pending invitations` }),
  pendingOne: (role: string, by: string, date: string) =>
    `Invitation as ${role} by ${by}, valid until ${date}`,
  pendingEmail: (email: string) => `for ${email}`,
  pendingPassword: (by: string, date: string) => `Password link by ${by}, valid until ${date}`,
  withdraw: 'Revoke',
};
