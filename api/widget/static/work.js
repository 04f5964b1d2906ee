/** A proof of work: the number whose hash with `text` begins with `bits` zero bits (api/widget/challenge.py). */

export async function solved(text, bits) {
  const encoder = new TextEncoder();
  for (let number = 0; ; number += 1) {
    const hash = await crypto.subtle.digest("SHA-256", encoder.encode(`${text}.${number}`));
    if (zeroBits(new Uint8Array(hash)) >= bits) return String(number);
  }
}

function zeroBits(bytes) {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.length * 8 : first * 8 + Math.clz32(bytes[first]) - 24;
}
