// The sysctl that says whether an interface heeds IPv6 router advertisements.

/** With slashes, as names of interfaces may have dots (sysctl(8)). */
export const routerAdvertisementKey = (name: string): string => `net/ipv6/conf/${name}/accept_ra`;
