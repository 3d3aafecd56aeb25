/* What the page's scripts share, each adding its own part; and targets of events, which are elements here. */
interface Window {
  // biome-ignore lint/suspicious/noExplicitAny: what each script adds
  foley: any;
}
interface EventTarget {
  // biome-ignore lint/suspicious/noExplicitAny: an element of whatever kind
  [property: string]: any;
}
