// Load the styles and the texts in the page's language, then start the page.

import '@fontsource-variable/inter/index.css';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/page.css';
import './styles/table.css';
import './styles/overlay.css';
import { loadTexts } from './texts';
import { startLanguage } from './texts/language';

void loadTexts(startLanguage()).then(() => import('./start'));
