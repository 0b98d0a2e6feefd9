// Prints what the npm package answers to each line (what stands before a tab), in the notation of `Display`.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const folder = process.argv[2] ?? '.';
const entry = `${folder}/node_modules/api-query-params/src/index.js`;
const { default: parse } = await import(pathToFileURL(entry));

const pattern = ({ source, flags }) => {
  const letters = ['i', 'm'].filter((letter) => flags.includes(letter)).join('');
  return `/${source === '(?:)' ? '' : source}/${letters}${flags.includes('g') ? 's' : ''}`;
};

const show = (value) => {
  if (value instanceof RegExp) return pattern(value);
  if (value instanceof Date) return Number.isNaN(+value) ? 'InvalidDate' : `Date(${value.toISOString()})`;
  if (Array.isArray(value)) return `[${value.map(show).join(',')}]`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === '$eq' && !(value.$eq instanceof RegExp)) return show(value.$eq);
  return `{${keys.map((key) => `${JSON.stringify(key)}:${show(value[key])}`).join(',')}}`;
};

for await (const line of createInterface({ input: process.stdin })) {
  const [text] = line.split('\t');
  let answer;
  try {
    answer = show(parse(text));
  } catch (error) {
    answer = 'error';
  }
  console.log(`${text}\t${answer}`);
}
