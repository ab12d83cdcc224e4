/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../command.js';
import { picture } from '../pictures.js';
import { type Served, servedShapes } from './served.js';
import type { Workplace } from './workplace.js';

/** Where Chromium is: what CHROMIUM_PATH names, or what the path has. */
function chromiumPath(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named) return existsSync(named) ? named : undefined;
  const found = spawnSync('which', ['chromium', 'chromium-browser', 'google-chrome'], { encoding: 'utf8' });
  return found.stdout?.split('\n')[0] || undefined;
}

const executablePath = chromiumPath();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  nodes: { html: string }[];
}

export function pageSuite(place: Workplace): void {
  const { root } = place;
  describe.skipIf(executablePath === undefined)(
    'the page, in Chromium (CHROMIUM_PATH, or chromium in the path)',
    () => {
      let served: Served;
      let browser: Browser;
      let server: ReturnType<typeof serve>;
      let url: string;
      const complaints: string[] = [];

      beforeAll(async () => {
        served = await servedShapes(place);
        url = await new Promise((resolve) => {
          server = serve({ fetch: served.app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }: AddressInfo) =>
            resolve(`http://127.0.0.1:${port}/`),
          );
        });
        browser = await chromium.launch({ executablePath: executablePath as string, args: ['--no-sandbox'] });
      });
      afterAll(async () => {
        await browser?.close();
        server?.close();
        await served?.service.close();
      });

      async function open(options: Parameters<Browser['newPage']>[0] = {}, address = url): Promise<Page> {
        const page = await browser.newPage({ viewport: { width: 1000, height: 700 }, ...options });
        page.on('pageerror', (error) => complaints.push(String(error)));
        page.on('console', (message) => {
          if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text());
        });
        await page.goto(address);
        await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent?.includes('vectors'));
        return page;
      }
      const status = (page: Page, text: string) =>
        page.waitForFunction((wanted) => document.querySelector('[role=status]')?.textContent?.includes(wanted), text);
      const captions = (page: Page) => page.locator('.card .text').allTextContents();

      it('finds pictures and recordings by words, with the keyboard alone', async () => {
        const page = await open();
        await page.keyboard.type('a red circle'); // the field has the focus
        await page.keyboard.press('Enter');
        await status(page, 'nearest for “a red circle”');
        expect((await captions(page))[0]).toMatch(/^a red/);
        expect(await page.locator('.card img').count()).toBeGreaterThan(0);
        await page.waitForFunction(() =>
          [...document.querySelectorAll<HTMLImageElement>('.card img')]
            .slice(0, 3)
            .every((image) => image.complete && image.naturalWidth > 0),
        );
        await page.selectOption('#kind', 'audio');
        await page.waitForFunction(() => document.querySelector('.card audio') !== null);
        await page.close();
      });

      it('shows one kind only, then more of it', async () => {
        const page = await open();
        await page.fill('#words', 'something blue');
        await page.selectOption('#kind', 'text');
        await page.locator('#words').press('Enter');
        await status(page, '10 nearest');
        expect(await page.locator('.card img').count()).toBe(0);
        await page.selectOption('#kind', '');
        await status(page, '40 nearest');
        await page.click('.more');
        await status(page, '80 nearest');
        await page.close();
      });

      it('finds by a picture that is chosen, one that is dropped, and a recording', async () => {
        const page = await open();
        await page.selectOption('#kind', 'text');
        const file = join(root, 'asked.png');
        writeFileSync(file, await picture('yellow', 'square'));
        await page.setInputFiles('#file', file);
        await status(page, 'for the file asked.png');
        expect((await captions(page))[0]).toMatch(/^a yellow/);

        const bytes = [...(await picture('green', 'circle'))];
        const dropped = await page.evaluateHandle((content) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(content)], 'dropped.png', { type: 'image/png' }));
          return data;
        }, bytes);
        await page.dispatchEvent('.page', 'drop', { dataTransfer: dropped });
        await status(page, 'for the file dropped.png');
        expect((await captions(page))[0]).toMatch(/^a green/);

        await page.setInputFiles('#file', join(place.data, 'media/black-circle-0.wav'));
        await status(page, 'for the file black-circle-0.wav');
        expect(await captions(page)).toHaveLength(10);
        await page.close();
      });

      it('finds what is similar by a click', async () => {
        const page = await open();
        await page.fill('#words', 'a blue square');
        await page.keyboard.press('Enter');
        await status(page, 'nearest for');
        await page.locator('.card.image button').first().click();
        await status(page, 'like “a blue');
        expect((await captions(page))[0]).toMatch(/^a blue/);
        await page.close();
      });

      it('says what went wrong', async () => {
        const page = await open();
        const file = join(root, 'broken.png');
        writeFileSync(file, 'no picture');
        await page.setInputFiles('#file', file);
        await status(page, 'That did not work');
        await page.fill('#words', 'a red square');
        await page.keyboard.press('Enter');
        await status(page, 'nearest for');
        await page.route('**/api/search*', (route) => route.abort());
        await page.fill('#words', 'a black square');
        await page.locator('#words').press('Enter');
        await status(page, 'That did not work');
        await page.close();
        complaints.length = 0; // the browser itself complains of the request that was cut off
      });

      it.each([
        ['on a desk, light', { colorScheme: 'light' as const }],
        ['on a phone, dark', { colorScheme: 'dark' as const, viewport: { width: 360, height: 740 } }],
      ])('has no fault that axe finds, and fits: %s', async (_, options) => {
        const page = await open({ ...options, bypassCSP: true });
        await page.fill('#words', 'a red circle');
        await page.keyboard.press('Enter');
        await status(page, 'nearest for');
        await page.addScriptTag({ content: axe });
        const violations = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as Violation[];
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        expect(background === 'rgb(255, 255, 255)').toBe(options.colorScheme === 'light');
        await page.close();
      });

      it('loads the pictures that are seen, not all', async () => {
        const page = await open();
        let previews = 0;
        page.on('request', (request) => {
          if (request.url().endsWith('/preview')) previews++;
        });
        await page.selectOption('#kind', 'image');
        await page.setViewportSize({ width: 320, height: 300 });
        await page.fill('#words', 'red');
        await page.keyboard.press('Enter');
        await page.locator('#words').press('Enter');
        await status(page, '40 nearest');
        await page.waitForTimeout(300);
        expect(previews).toBeLessThan(40);
        await page.close();
      });

      it('does the same without a server: crossmodal export --site', async () => {
        const site = join(root, 'site');
        const { code, notes } = await run(['export', '--site', '--index', place.index, '--out', site]);
        expect(code, notes).toBe(0);
        const files = new Hono().use('/*', serveStatic({ root: site }));
        const plain = serve({ fetch: files.fetch, hostname: '127.0.0.1', port: 0 });
        await new Promise((resolve) => plain.once('listening', resolve));
        const page = await open({}, `http://127.0.0.1:${(plain.address() as AddressInfo).port}/`);
        const scores = () => page.locator('.card .score').allTextContents();
        const answersOf = async (path: string, init: RequestInit = {}) => {
          const response = await served.app.request(`http://localhost${path}`, {
            ...init,
            headers: { host: 'localhost', ...init.headers },
          });
          return ((await response.json()) as { answers: { text: string; score: number }[] }).answers;
        };

        await page.fill('#words', 'a green square');
        await page.keyboard.press('Enter');
        await status(page, 'nearest for “a green square”');
        const byWords = await answersOf('/api/search?words=a+green+square&k=40');
        expect(await scores()).toEqual(byWords.map(({ score }) => score.toFixed(3)));
        expect((await captions(page))[0]).toMatch(/^a green/);

        await page.selectOption('#kind', 'text');
        await page.setInputFiles('#file', join(place.data, 'media/blue-circle-1.png'));
        await status(page, 'for the file blue-circle-1.png');
        const post = async (type: string, file: string) =>
          answersOf('/api/search?kind=text&k=10', {
            method: 'POST',
            headers: { 'content-type': type },
            body: new Uint8Array(readFileSync(join(place.data, 'media', file))),
          });
        const byPicture = await post('image/png', 'blue-circle-1.png');
        expect((await captions(page))[0]).toBe(byPicture[0]?.text);
        expect(Number((await scores())[0])).toBeCloseTo(byPicture[0]?.score as number, 2);

        await page.setInputFiles('#file', join(place.data, 'media/yellow-circle-0.wav'));
        await status(page, 'for the file yellow-circle-0.wav');
        const byRecording = await post('audio/wav', 'yellow-circle-0.wav');
        expect((await captions(page))[0]).toBe(byRecording[0]?.text);
        expect(Number((await scores())[0])).toBeCloseTo(byRecording[0]?.score as number, 2);
        await page.close();
        plain.close();
      });

      it('complained of nothing in between', () => {
        expect(complaints).toEqual([]);
      });

      it.runIf(process.env['CROSSMODAL_SCREENSHOT'])(
        'is photographed for the README (CROSSMODAL_SCREENSHOT=INDEX)',
        async () => {
          const { SearchService } = await import('../../src/collection/search-service.js');
          const { createApp } = await import('../../src/server/app.js');
          const { pageFiles } = await import('../../src/server/page-files.js');
          const service = await SearchService.open(process.env['CROSSMODAL_SCREENSHOT'] as string);
          const app = createApp({
            service,
            limits: { uploadBytes: 1, requestsPerMinute: 10_000 },
            ...(await pageFiles('page')),
            addressOf: () => '',
            onError: () => {},
          });
          const shown = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
          await new Promise((resolve) => shown.once('listening', resolve));
          const page = await browser.newPage({ viewport: { width: 1000, height: 620 } });
          await page.goto(`http://127.0.0.1:${(shown.address() as AddressInfo).port}/`);
          await page.fill('#words', process.env['CROSSMODAL_SCREENSHOT_WORDS'] ?? 'red heart');
          await page.keyboard.press('Enter');
          await status(page, 'nearest for');
          await page.waitForTimeout(1000);
          const folder = fileURLToPath(new URL('../../docs/', import.meta.url));
          mkdirSync(folder, { recursive: true });
          await page.screenshot({ path: join(folder, 'search.png') });
          await page.close();
          shown.close();
          await service.close();
        },
      );
    },
  );
}
