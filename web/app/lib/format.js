/** Numbers and times as people read them, in the chosen language. */

import { language } from './i18n.js';

/** A session code in groups that can be read out: 1234 5678. @param {string} digits */
export function groupCode(digits) {
  const size = digits.length % 4 === 0 ? 4 : 3;
  return digits.match(new RegExp(`\\d{1,${size}}`, 'g'))?.join(' ') ?? digits;
}

/** Minutes and seconds: 9:05. @param {number} ms */
export function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60) % 60;
  const tail = `${String(minutes).padStart(seconds >= 3600 ? 2 : 1, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${tail}` : tail;
}

/** What somebody else wrote, without characters that control or turn around what is next to it. @param {unknown} text */
export function printable(text) {
  return String(text).slice(0, 200).replace(/\p{C}/gu, '');
}

/** The chosen language as the reader's region writes it, where the browser says which: en-GB rather than en. */
const locale = () => navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${language()}-`)) ?? language();

/** A date and time. @param {string} rfc3339 */
export function when(rfc3339) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(rfc3339));
}

/** A date and time to the second, for a log. @param {string} rfc3339 */
export function whenExactly(rfc3339) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'short', timeStyle: 'medium' }).format(new Date(rfc3339));
}

/** How long ago, in the largest unit that fits. @param {string} rfc3339 @param {number} [now] */
export function ago(rfc3339, now = Date.now()) {
  const seconds = Math.round((Date.parse(rfc3339) - now) / 1000);
  const units = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]]);
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

/** A count, as people write it. @param {number} value */
export const number = (value) => new Intl.NumberFormat(locale()).format(value);

/** Bytes, in the largest unit that leaves at least one. @param {number} bytes */
export function amount(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const step = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  return new Intl.NumberFormat(locale(), { style: 'unit', unit: units[step], unitDisplay: step ? 'short' : 'long', maximumFractionDigits: 1 }).format(bytes / 1000 ** step);
}

/** How long, as hours, minutes and seconds. @param {number} seconds */
export function lasted(seconds) {
  const part = (/** @type {number} */ value) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
}
