// Unit tests see the page in English.

import { loadTexts } from '.';

await loadTexts('en');
