// CRC-32, as PNG wants it of every chunk and ZIP of every file.

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Of bytes, between 0 and 2³². */
export function checksum(bytes) {
  let value = 0xffffffff;
  for (let k = 0; k < bytes.length; k += 1) value = REMAINDERS[(value ^ bytes[k]) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
