// All texts of the dashboard in German: the keys of ../en. One file per section.

import type { Texts } from '..';
import { account, login, passkeys, people, profile, welcome } from './account';
import { activity } from './activity';
import { alertHealth } from './alertHealth';
import { alerts } from './alerts';
import { analyse } from './analyse';
import { areas } from './areas';
import { bulk } from './bulk';
import { calculated } from './calculated';
import { assistant } from './assistant';
import { commands } from './commands';
import { audit } from './audit';
import { backtest } from './backtest';
import { brand, confirm, errors, form, presence, severity, standing, states, time, toast } from './common';
import { credentials } from './credentials';
import { dashboards } from './dashboards';
import { device, desired } from './device';
import { diagnosis } from './diagnosis';
import { explore } from './explore';
import { fleet, first } from './fleet';
import { health } from './health';
import { home } from './home';
import { incidents } from './incidents';
import { models } from './models';
import { notifications } from './notifications';
import { reactions } from './reactions';
import { rules } from './rules';
import { settings } from './settings';
import { link, nav, palette, rail, shortcuts, theme } from './shell';
import { silences } from './silences';
import terms from './terms.json';
import { topics } from './topics';

export { hub } from './messages';

export const texts: Texts = {
  account,
  activity,
  alertHealth,
  alerts,
  analyse,
  areas,
  assistant,
  audit,
  backtest,
  brand,
  bulk,
  calculated,
  commands,
  confirm,
  credentials,
  dashboards,
  desired,
  device,
  diagnosis,
  errors,
  explore,
  first,
  fleet,
  form,
  health,
  home,
  incidents,
  link,
  login,
  models,
  nav,
  notifications,
  palette,
  passkeys,
  people,
  presence,
  profile,
  rail,
  reactions,
  rules,
  settings,
  severity,
  shortcuts,
  silences,
  standing,
  states,
  terms,
  theme,
  time,
  toast,
  topics,
  welcome,
};
