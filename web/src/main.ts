// Start the page: styles, router, clock, live session, shell.

import '@fontsource-variable/inter/index.css';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/page.css';
import './styles/table.css';
import './styles/overlay.css';
import { mount } from 'svelte';
import { who } from './account/who.svelte';
import App from './App.svelte';
import { clock } from './lib/clock.svelte';
import { decimals } from './lib/decimals.svelte';
import { router } from './lib/router.svelte';
import { nextFrame } from './live/frame';
import { session } from './live/session.svelte';
import { pageOf } from './routes';
import { pageCode } from './shell/pageCode.svelte';

router.start();
decimals.start();
void pageCode.want(pageOf(router.path).name);
session.start();
void who.load();
clock.start();
pageCode.start();
// In a separate frame, since evaluating the code has taken long already.
nextFrame(() => mount(App, { target: document.getElementById('app')! }));
