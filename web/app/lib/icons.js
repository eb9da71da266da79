/** A small set of line icons, drawn on a 24 × 24 grid. They stand beside words and say nothing by themselves. */

const SVG = 'http://www.w3.org/2000/svg';

/** Paths by name. @type {Record<string, string>} */
const PATHS = {
  sessions: 'M3 5h18v11H3z M8 20h8 M12 16v4',
  queue: 'M12 7v5l3 2 M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  devices: 'M4 6h13v9H4z M2 19h12 M17 10h5v9h-5z',
  operators: 'M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M2 20c0-4 3-6 7-6s7 2 7 6 M16 4a4 4 0 0 1 0 7 M18 14c2.6.7 4 2.7 4 6',
  policies: 'M12 3l8 3v6c0 5-3.5 7.5-8 9-4.5-1.5-8-4-8-9V6z M8.5 12l2.5 2.5 4.5-5',
  organization: 'M4 21V5l8-2v18 M12 9h8v12 M2 21h20 M8 8v.01 M8 12v.01 M8 16v.01 M16 13v.01 M16 17v.01',
  keys: 'M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M12 11h9v4 M17 11v3',
  log: 'M6 3h9l4 4v14H6z M14 3v5h5 M9 13h7 M9 17h7',
  history: 'M4 12a8 8 0 1 0 2.5-5.8 M4 4v4h4 M12 8v4l3 2',
  customers: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4 21c0-4.5 3.5-7 8-7s8 2.5 8 7',
  holds: 'M5 21h14 M7 17h7 M4 9l7-6 5 5-7 6z M13.5 5.5L19 11',
  security: 'M6 11h12v10H6z M8.5 11V7.5a3.5 3.5 0 0 1 7 0V11 M12 15v2',
  access: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14z M16 16l5 5 M8.5 11l2 2 3.5-4',
  menu: 'M4 7h16 M4 12h16 M4 17h16',
  close: 'M6 6l12 12 M18 6L6 18',
  plus: 'M12 5v14 M5 12h14',
  back: 'M14 6l-6 6 6 6',
  check: 'M5 12.5l4.5 4.5L19 7',
  cross: 'M7 7l10 10 M17 7L7 17',
  out: 'M14 4h6v16h-6 M3 12h11 M10 8l4 4-4 4',
};

/** @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name] ?? '');
  svg.append(path);
  return svg;
}
