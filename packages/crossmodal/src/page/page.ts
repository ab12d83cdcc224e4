/// <reference lib="dom" />
import { mount } from './app.js';
import { serverBackend } from './server-backend.js';

mount(document.getElementById('app') as HTMLElement, serverBackend());
