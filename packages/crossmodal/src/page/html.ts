import * as htm from 'htm';
import { h, type VNode } from 'preact';

type Template = (strings: TemplateStringsArray, ...values: unknown[]) => VNode;

// What the types of htm call its namespace is its default export.
const { bind } = (htm as unknown as { default: { bind(create: typeof h): Template } }).default;

/** Markup as a tagged template. */
export const html: Template = bind.call((htm as unknown as { default: object }).default, h);
