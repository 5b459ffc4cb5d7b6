// Start the page: router, clock, live session, shell. Evaluated once the texts are loaded.

import { mount } from 'svelte';
import { who } from './account/who.svelte';
import App from './App.svelte';
import { startPage } from './home/startPage.svelte';
import { clock } from './lib/clock.svelte';
import { decimals } from './lib/decimals.svelte';
import { router } from './lib/router.svelte';
import { nextFrame } from './live/frame';
import { session } from './live/session.svelte';
import { pageOf } from './routes';
import { pageCode } from './shell/pageCode.svelte';

router.start();
startPage.start();
decimals.start();
void pageCode.want(pageOf(router.path).name);
session.start();
void who.load();
clock.start();
pageCode.start();
// In a separate frame, since evaluating the code has taken long already.
nextFrame(() => mount(App, { target: document.getElementById('app')! }));
