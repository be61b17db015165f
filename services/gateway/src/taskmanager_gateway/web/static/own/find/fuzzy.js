// How well a text fits what somebody has typed. Pure.

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// whether the letters come in this order in the word
function isScattered(letters, word) {
  let at = 0;
  for (const letter of word) if (letter === letters[at]) at += 1;
  return at === letters.length;
}

function fit(wanted, words, whole) {
  if (words.includes(wanted)) return 8;
  if (words.some((word) => word.startsWith(wanted))) return 6;
  if (whole.includes(wanted)) return 3;
  return wanted.length > 1 && words.some((word) => word[0] === wanted[0] && isScattered(wanted, word)) ? 1 : 0;
}

// 0: it does not fit; every word that was typed has to
export function score(typed, label) {
  const whole = plain(label);
  const words = whole.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const wanted = plain(typed).split(/\s+/).filter(Boolean);
  const fits = wanted.map((one) => fit(one, words, whole));
  return fits.includes(0) ? 0 : fits.reduce((sum, one) => sum + one, 0) + 1 / (1 + words.length);
}
