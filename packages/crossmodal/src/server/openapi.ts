import { longestWords } from '../collection/search-service.js';
import { modalities } from '../model/load-model.js';
import { mostAnswers, type ServerLimits } from './limits.js';

const text = { type: 'string' } as const;
const json = (schema: object) => ({ 'application/json': { schema } });
const refused = (description: string) => ({ description, content: json({ $ref: '#/components/schemas/Error' }) });
const common = { 429: refused('Too many requests from this address in a minute.') };

/** The document that describes the HTTP API (OpenAPI 3.1). */
export function openApiDocument({ uploadBytes, requestsPerMinute }: ServerLimits): object {
  const parameter = (name: string, description: string, schema: object, place = 'query') => ({
    name,
    in: place,
    required: place === 'path',
    description,
    schema,
  });
  const filters = [
    parameter('k', 'How many answers.', { type: 'integer', minimum: 1, maximum: mostAnswers, default: 20 }),
    parameter('kind', 'Only answers of this modality.', { enum: modalities }),
    parameter('label', 'Only answers with this label.', text),
    parameter('split', 'Only answers of this split.', text),
  ];
  const answers = {
    description: 'Best first.',
    content: json({
      type: 'object',
      required: ['answers'],
      properties: { answers: { type: 'array', items: { $ref: '#/components/schemas/Answer' } } },
    }),
  };
  const media = { schema: { type: 'string', format: 'binary' } };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Crossmodal search',
      version: '1',
      description: `Search pictures, recordings and texts by one another. At most ${requestsPerMinute} requests per minute and address.`,
    },
    paths: {
      '/api/info': {
        get: {
          summary: 'What the index holds.',
          responses: {
            200: {
              description: 'Facts.',
              content: json({
                type: 'object',
                properties: {
                  items: { type: 'integer' },
                  dimension: { type: 'integer' },
                  modalities: { type: 'array', items: { enum: modalities } },
                  labels: { type: 'array', items: text },
                  uploadBytes: { type: 'integer' },
                },
              }),
            },
            ...common,
          },
        },
      },
      '/api/search': {
        get: {
          summary: 'Search by words, or by an item of the index.',
          parameters: [
            parameter('words', 'What to look for.', { ...text, maxLength: longestWords }),
            parameter('like', 'The id of an item: what is similar to it.', text),
            ...filters,
          ],
          responses: { 200: answers, 400: refused('A parameter is wrong.'), ...common },
        },
        post: {
          summary: 'Search by a picture or a recording: the bytes of its file.',
          parameters: filters,
          requestBody: { required: true, content: { 'image/*': media, 'audio/*': media } },
          responses: {
            200: answers,
            400: refused('A parameter is wrong, or the file cannot be read.'),
            413: refused(`The file has more than ${uploadBytes} bytes.`),
            415: refused('The Content-Type is neither image/* nor audio/*.'),
            ...common,
          },
        },
      },
      '/api/items/{id}/file': {
        get: {
          summary: 'The picture or recording of an item.',
          parameters: [parameter('id', 'The id of an answer.', text, 'path')],
          responses: {
            200: { description: 'The file.' },
            206: { description: 'The part that Range asks for.' },
            404: refused('There is none.'),
            416: refused('The range lies outside of the file.'),
            ...common,
          },
        },
      },
      '/api/items/{id}/preview': {
        get: {
          summary: 'The picture of an item, at most 320 pixels wide and high, as WebP.',
          parameters: [parameter('id', 'The id of an answer.', text, 'path')],
          responses: { 200: { description: 'The picture.' }, 404: refused('There is none.'), ...common },
        },
      },
      '/api/openapi.json': {
        get: { summary: 'This document.', responses: { 200: { description: 'OpenAPI 3.1.' }, ...common } },
      },
    },
    components: {
      schemas: {
        Answer: {
          type: 'object',
          required: ['id', 'score', 'kind'],
          properties: {
            id: text,
            score: { type: 'number', description: 'Cosine of the angle between query and answer; larger is nearer.' },
            kind: { enum: modalities },
            text: { ...text, description: 'A caption, or the text itself.' },
            label: text,
            split: text,
            file: { ...text, description: 'Path below the folder of the data.' },
          },
        },
        Error: { type: 'object', required: ['error'], properties: { error: text } },
      },
    },
  };
}
