/// <reference lib="dom" />
import { mount } from './app.js';
import { siteBackend } from './site-backend.js';

mount(document.getElementById('app') as HTMLElement, siteBackend());
