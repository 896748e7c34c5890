/**
 * Styles that libraries write themselves need the nonce of this answer: the page's policy takes
 * no others. Imported before everything else.
 */
declare global {
  var vidpipeNonce: string;
}

const found = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]');
globalThis.vidpipeNonce = found?.nonce ?? "";

export const nonce = globalThis.vidpipeNonce;
