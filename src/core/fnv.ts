/** FNV-1a, 32 bits (draft-eastlake-fnv, section 2), of the UTF-16 code units of a text: of ASCII, of its octets. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}
