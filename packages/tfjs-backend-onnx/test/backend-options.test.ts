import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { defaultThreads } from '../src/backend-options.js';
import { type BackendOptions, registerOnnxBackend } from '../src/index.js';

const register = (options: unknown) => () => registerOnnxBackend(options as BackendOptions);

it('options that do not exist are refused, and the known ones named', () => {
  expect(register({ thread: 2, threads: 2, Exact: true })).toThrow(
    "options must be known, got 'thread', 'Exact'; there are threads, exact, prefer, maxPending, hostThreshold, cacheSize",
  );
  expect(register({ toString: 1 })).toThrow(/got 'toString'/);
  for (const given of [4, null, 'exact']) expect(register(given)).toThrow(`options must be an object, got ${given}`);
});

it.each([
  ['threads', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', null]],
  ['cacheSize', [0, 2.5, Number.NaN, '64']],
  ['hostThreshold', [-1, Number.NaN, '32', true]],
  ['maxPending', [0, 0.5, Number.NaN, '9']],
  ['exact', [1, 'true', null]],
  ['prefer', ['direct', { 0: 'direct' }, true]],
])('%s: values that it cannot have are refused by name', (name, values) => {
  for (const value of values) {
    const given = typeof value === 'string' ? `'${value}'` : String(value);
    let message = '';
    try {
      register({ [name]: value })();
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(new RegExp(`^tfjs-backend-onnx: option ${name} must be `));
    expect(message.endsWith(`, got ${given}`)).toBe(true);
  }
});

it('registers nothing when refused, everything with the bounds and with undefined, and checks a second call too', () => {
  expect(tf.findBackendFactory('onnx')).toBeFalsy();
  const bounds = { threads: 1, cacheSize: 1, hostThreshold: 0, maxPending: 1, exact: false, prefer: ['direct'] };
  registerOnnxBackend({ ...bounds });
  expect(tf.findBackendFactory('onnx')).toBeTruthy();
  expect(register({ threads: 0 })).toThrow(/threads/);
  const unsaid = Object.fromEntries(Object.keys(bounds).map((name) => [name, undefined]));
  expect(register(unsaid)).not.toThrow();
  expect(register({ hostThreshold: Number.POSITIVE_INFINITY, maxPending: Number.POSITIVE_INFINITY })).not.toThrow();
});

it('TFJS_ONNX_THREADS is the number of threads where none is asked for', () => {
  const cores = Math.min(16, availableParallelism());
  expect(defaultThreads({})).toBe(cores);
  expect(defaultThreads({ TFJS_ONNX_THREADS: '' })).toBe(cores);
  expect(defaultThreads({ TFJS_ONNX_THREADS: '3' })).toBe(3);
  for (const text of ['0', '-1', '1.5', 'all'])
    expect(() => defaultThreads({ TFJS_ONNX_THREADS: text })).toThrow(
      `TFJS_ONNX_THREADS must be an integer, at least 1, got '${text}'`,
    );
});
