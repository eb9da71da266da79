/** Browser key names → X11 keysyms (keysymdef.h; Unicode as 0x01000000 + code point). */

/** Keys with a name, by `KeyboardEvent.key`. @type {Record<string, number>} */
const NAMED = {
  Backspace: 0xff08,
  Tab: 0xff09,
  Enter: 0xff0d,
  Pause: 0xff13,
  ScrollLock: 0xff14,
  Escape: 0xff1b,
  Compose: 0xff20,
  KanjiMode: 0xff21,
  NonConvert: 0xff22,
  Convert: 0xff23,
  Romaji: 0xff24,
  Hiragana: 0xff25,
  Katakana: 0xff26,
  HiraganaKatakana: 0xff27,
  KanaMode: 0xff27,
  Zenkaku: 0xff28,
  Hankaku: 0xff29,
  ZenkakuHankaku: 0xff2a,
  Eisu: 0xff30,
  Alphanumeric: 0xff30,
  HangulMode: 0xff31,
  HanjaMode: 0xff34,
  Home: 0xff50,
  ArrowLeft: 0xff51,
  ArrowUp: 0xff52,
  ArrowRight: 0xff53,
  ArrowDown: 0xff54,
  PageUp: 0xff55,
  PageDown: 0xff56,
  End: 0xff57,
  Select: 0xff60,
  PrintScreen: 0xff61,
  Execute: 0xff62,
  Insert: 0xff63,
  Undo: 0xff65,
  Redo: 0xff66,
  ContextMenu: 0xff67,
  Find: 0xff68,
  Cancel: 0xff69,
  Help: 0xff6a,
  Delete: 0xffff,
  AudioVolumeDown: 0x1008ff11,
  AudioVolumeMute: 0x1008ff12,
  AudioVolumeUp: 0x1008ff13,
  MediaPlayPause: 0x1008ff14,
  MediaStop: 0x1008ff15,
  MediaTrackPrevious: 0x1008ff16,
  MediaTrackNext: 0x1008ff17,
};

/** Modifiers: `[left, right]`. @type {Record<string, [number, number]>} */
const MODIFIERS = {
  Shift: [0xffe1, 0xffe2],
  Control: [0xffe3, 0xffe4],
  Alt: [0xffe9, 0xffea],
  Meta: [0xffeb, 0xffec],
  OS: [0xffeb, 0xffec],
};

/** Keys of the number pad by `KeyboardEvent.key`. @type {Record<string, number>} */
const NUMPAD = {
  Enter: 0xff8d,
  Home: 0xff95,
  ArrowLeft: 0xff96,
  ArrowUp: 0xff97,
  ArrowRight: 0xff98,
  ArrowDown: 0xff99,
  PageUp: 0xff9a,
  PageDown: 0xff9b,
  End: 0xff9c,
  Clear: 0xff9d,
  Insert: 0xff9e,
  Delete: 0xff9f,
  '*': 0xffaa,
  '+': 0xffab,
  ',': 0xffac,
  '-': 0xffad,
  '.': 0xffae,
  '/': 0xffaf,
  '=': 0xffbd,
};

const LOCATION_RIGHT = 2;
const LOCATION_NUMPAD = 3;

/** The keysym of one character. @param {number} code its code point */
export function keysymOfCodePoint(code) {
  const latin1 = (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff);
  return latin1 ? code : 0x01000000 + code;
}

/** Whether a `key` is one character rather than a name. @param {string} key */
export function printable(key) {
  return [...key].length === 1;
}

/** @param {string} key */
function numpad(key) {
  return /^[0-9]$/.test(key) ? 0xffb0 + Number(key) : NUMPAD[key];
}

/**
 * The keysym of a key, or 0 when it has none (dead keys, an input method at work, locks that the characters show anyway).
 * @param {{key: string, location: number}} event
 */
export function keysymOf({ key, location }) {
  if (location === LOCATION_NUMPAD && numpad(key)) return numpad(key);
  if (MODIFIERS[key]) return MODIFIERS[key][location === LOCATION_RIGHT ? 1 : 0];
  if (NAMED[key]) return NAMED[key];
  const functionKey = /^F([1-9]|[12]\d|3[0-5])$/.exec(key);
  if (functionKey) return 0xffbd + Number(functionKey[1]);
  return printable(key) ? keysymOfCodePoint(/** @type {number} */ (key.codePointAt(0))) : 0;
}

/** For combinations that a page cannot take, such as Ctrl+Alt+Del. */
export const Keysym = Object.freeze({
  BACKSPACE: 0xff08,
  TAB: 0xff09,
  RETURN: 0xff0d,
  ESCAPE: 0xff1b,
  PRINT: 0xff61,
  SHIFT: 0xffe1,
  CONTROL: 0xffe3,
  ALT: 0xffe9,
  SUPER: 0xffeb,
  DELETE: 0xffff,
  F4: 0xffc1,
});
