/** A key as WireGuard's tools write it: 32 octets in base64, of whose last character two bits are none (RFC 4648, 3.5). */
export const WIREGUARD_KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
