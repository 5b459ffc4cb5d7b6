/** Whether a link in a text stays within the dashboard. A model may repeat text from a device, which must not link elsewhere.
 *  Browsers drop tabs and line breaks, so that "/⇥/evil.example" is another host: the address is resolved as they do. */
export function isOwnAddress(href: string, here = location.origin): boolean {
  return href.startsWith('/') && URL.canParse(href, here) && new URL(href, here).origin === here;
}
