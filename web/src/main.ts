// Starts the page: styles, router, clock, the live session, then the shell.

import '@fontsource-variable/inter/index.css';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/page.css';
import './styles/overlay.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { clock } from './lib/clock.svelte';
import { router } from './lib/router.svelte';
import { session } from './live/session.svelte';

router.start();
session.start();
clock.start();
mount(App, { target: document.getElementById('app')! });
